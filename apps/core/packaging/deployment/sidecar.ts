import { SlipwayError } from "#core/errors.ts";
import { type ComposeOptions, imageService, secretFiles, servingService } from "./compose.ts";
import type { Deployable } from "./deployable.ts";
import {
  graceSeconds,
  objectAnnotations,
  objectLabels,
  podSettings,
  type SecretNames,
  servingContainer,
} from "./model-container.ts";
import { objectNameOf } from "./object-name.ts";
import { writeYaml } from "./write-yaml.ts";

/** An application with the model beside it, as the guide's sidecar pattern: it finds the model at `MODEL_URL`, and is
 *  started when the model is ready. */
export function sidecarCompose(
  deployable: Deployable,
  { app, ...options }: ComposeOptions & { app: string | null },
): string {
  return writeYaml(deployable, "docker compose -f FILE up", [
    {
      services: {
        model: { ...imageService(deployable), ...servingService(deployable, options) },
        app: {
          image: app ?? `\${APP_IMAGE:?set it to the image of your application}`,
          environment: { MODEL_URL: `http://model:${deployable.server.port}` },
          depends_on: { model: { condition: deployable.server.hasRuntime ? "service_healthy" : "service_started" } },
          restart: "unless-stopped",
        },
      },
      ...secretFiles(options.secrets),
    },
  ]);
}

export interface SidecarOptions extends SecretNames {
  app: string | null;
  name: string | null;
  namespace: string | null;
  replicas: number;
}

/** The same in one pod: a container that is started before the application and ends after it
 *  (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/, Kubernetes 1.29; its `sleep` before it stops wants 1.30). */
export function sidecarKubernetes(deployable: Deployable, options: SidecarOptions): string {
  const { app, namespace, replicas } = options;
  if (app === null)
    throw new SlipwayError(
      "invalid_request",
      "name the application that the model stands beside: app=registry.example/app:1.0.0",
    );
  const name = options.name ?? `${objectNameOf(deployable.model, 59)}-app`;
  const selector = { "app.kubernetes.io/name": name, "app.kubernetes.io/component": "app-with-model" };
  return writeYaml(deployable, "kubectl apply -f FILE", [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name,
        ...(namespace === null ? {} : { namespace }),
        labels: selector,
        annotations: objectAnnotations(deployable),
      },
      spec: {
        replicas,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: objectLabels(deployable, selector), annotations: objectAnnotations(deployable) },
          spec: {
            ...podSettings(deployable, options),
            terminationGracePeriodSeconds: graceSeconds(deployable),
            initContainers: [{ ...servingContainer(deployable, "model", options), restartPolicy: "Always" }],
            containers: [
              {
                name: "app",
                image: app,
                env: [{ name: "MODEL_URL", value: `http://127.0.0.1:${deployable.server.port}` }],
              },
            ],
          },
        },
      },
    },
  ]);
}
