import type { Deployable } from "./deployable.ts";
import {
  graceSeconds,
  type Labels,
  objectAnnotations,
  objectLabels,
  podSettings,
  type SecretNames,
  servingContainer,
} from "./model-container.ts";
import { objectNameOf } from "./object-name.ts";
import { writeYaml } from "./write-yaml.ts";

export interface KubernetesOptions extends SecretNames {
  name: string | null;
  namespace: string | null;
  /** The fewest, as the autoscaler holds them. */
  replicas: number;
  maxReplicas: number;
  /** Whether the Prometheus operator is to scrape it; null: where the Slipway runtime serves, which has `/metrics`. */
  monitor: boolean | null;
}

/** A Deployment with its Service, HorizontalPodAutoscaler, PodDisruptionBudget and, where it can be scraped, ServiceMonitor. */
export function kubernetesYaml(deployable: Deployable, options: KubernetesOptions): string {
  const name = options.name ?? objectNameOf(deployable.model, 63);
  const selector = { "app.kubernetes.io/name": name, "app.kubernetes.io/component": "model" };
  const metadata = {
    name,
    ...(options.namespace === null ? {} : { namespace: options.namespace }),
    labels: objectLabels(deployable, selector),
    annotations: objectAnnotations(deployable),
  };
  return writeYaml(deployable, "kubectl apply -f FILE", [
    deployment(deployable, metadata, selector, options),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector, ports: [{ name: "http", port: 8000, targetPort: "http" }] },
    },
    autoscaler(metadata, options),
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels: selector } },
    },
    ...((options.monitor ?? deployable.server.hasRuntime) ? [serviceMonitor(metadata, selector)] : []),
  ]);
}

interface Metadata {
  name: string;
  namespace?: string;
  labels: Labels;
  annotations: Labels;
}

/** How many there are is the autoscaler's word: a number here would set it back each time the file is applied. */
function deployment(deployable: Deployable, metadata: Metadata, selector: Labels, options: KubernetesOptions) {
  const spread = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selector },
  });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      selector: { matchLabels: selector },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: metadata.labels, annotations: metadata.annotations },
        spec: {
          ...podSettings(deployable, options),
          terminationGracePeriodSeconds: graceSeconds(deployable),
          topologySpreadConstraints: [spread("kubernetes.io/hostname"), spread("topology.kubernetes.io/zone")],
          containers: [servingContainer(deployable, "model", options)],
        },
      },
    },
  };
}

function autoscaler(metadata: Metadata, { replicas, maxReplicas }: KubernetesOptions) {
  const target = { type: "Utilization", averageUtilization: 70 };
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name },
      minReplicas: replicas,
      maxReplicas,
      metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
    },
  };
}

function serviceMonitor(metadata: Metadata, selector: Labels) {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "ServiceMonitor",
    metadata,
    spec: { selector: { matchLabels: selector }, endpoints: [{ port: "http", path: "/metrics", interval: "30s" }] },
  };
}
