import type { Deployable } from "./deployable.ts";
import { kubernetesCpu, kubernetesMemory } from "./limits.ts";

/** Texts in a pod's labels, by which it is found. */
export type Labels = Record<string, string>;

/** Names of Kubernetes Secrets; none is ever written out. */
export interface SecretNames {
  /** Mounted as files below `/run/secrets/{name}`. */
  secrets: readonly string[];
  /** That the image is pulled with. */
  pullSecrets: readonly string[];
}

export const modelUser = 65_532;

const tmpMebibytes = 64;

/** What every container of a model has, whatever it runs: no privileges, a root that nobody writes to, limits. */
export function hardenedContainer(deployable: Deployable, name: string, { secrets }: SecretNames) {
  const { image, limits } = deployable;
  const amounts = {
    cpu: kubernetesCpu(limits),
    memory: kubernetesMemory(limits),
    ...(limits.gpus === 0 ? {} : { "nvidia.com/gpu": limits.gpus }),
  };
  return {
    name,
    image: image.reference,
    imagePullPolicy: "IfNotPresent",
    env: [{ name: "SLIPWAY_IMAGE_DIGEST", value: image.digest }],
    // The runtime sizes its pools by the limit; a request below it would be a promise that is not kept under load.
    resources: { requests: amounts, limits: amounts },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: modelUser,
      runAsGroup: modelUser,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [
      { name: "tmp", mountPath: "/tmp" },
      ...secrets.map((secret, index) => ({
        name: volumeOf(index),
        mountPath: `/run/secrets/${secret}`,
        readOnly: true,
      })),
    ],
  };
}

/** The server, with its probes. */
export function servingContainer(deployable: Deployable, name: string, names: SecretNames) {
  const { port, livePath, readyPath } = deployable.server;
  const ask = (path: string) => ({ httpGet: { path, port: "http" }, timeoutSeconds: 5 });
  return {
    ...hardenedContainer(deployable, name, names),
    ports: [{ name: "http", containerPort: port }],
    startupProbe: { ...ask(readyPath), periodSeconds: 2, failureThreshold: 150 },
    readinessProbe: { ...ask(readyPath), periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { ...ask(livePath), periodSeconds: 10, failureThreshold: 3 },
    // Until every node has heard that the pod goes, requests still come.
    lifecycle: { preStop: { sleep: { seconds: secondsBeforeStop } } },
  };
}

const secondsBeforeStop = 5;

/** What comes before SIGTERM, what running predictions may take, and a few seconds to end. */
export function graceSeconds({ shutdownSeconds }: Deployable): number {
  return secondsBeforeStop + shutdownSeconds + 5;
}

/** What a pod of a model has beside its containers. */
export function podSettings(deployable: Deployable, { secrets, pullSecrets }: SecretNames) {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...nodesFor(deployable),
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    volumes: [
      { name: "tmp", emptyDir: { medium: "Memory", sizeLimit: `${tmpMebibytes}Mi` } },
      ...secrets.map((secretName, index) => ({
        name: volumeOf(index),
        secret: { secretName, defaultMode: 0o444 },
      })),
    ],
  };
}

/** A secret's own name may be longer than a volume's. */
function volumeOf(index: number): string {
  return `secret-${index + 1}`;
}

/** A node of another architecture would pull the image and fail to start it. */
function nodesFor({ image: { platforms } }: Deployable) {
  const [only, ...others] = platforms;
  const [os, arch] = only?.split("/") ?? [];
  if (others.length > 0 || os === undefined || arch === undefined) return {};
  return { nodeSelector: { "kubernetes.io/os": os, "kubernetes.io/arch": arch } };
}

/** Which model and version an object runs. Labels hold 63 characters, annotations any text. */
export function objectLabels({ version }: Deployable, selector: Labels): Labels {
  const isLabel = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(version);
  return { ...selector, ...(isLabel ? { "app.kubernetes.io/version": version } : {}) };
}

export function objectAnnotations({ model, version, contentDigest }: Deployable): Labels {
  return {
    "dev.slipway.model": model,
    "dev.slipway.version": version,
    "dev.slipway.content-digest": contentDigest,
  };
}
