import type { Deployable } from "./deployable.ts";
import { composeCpus, composeMemory } from "./limits.ts";
import { modelUser } from "./model-container.ts";
import { writeYaml } from "./write-yaml.ts";

export interface ComposeOptions {
  /** Files `./secrets/{name}` on the machine that runs it, seen as `/run/secrets/{name}`. */
  secrets: readonly string[];
}

/** The model as a REST service on a port of the machine. */
export function composeYaml(deployable: Deployable, { port, secrets }: ComposeOptions & { port: number }): string {
  return writeYaml(deployable, "docker compose -f FILE up", [
    {
      services: {
        model: { ...servingService(deployable, { secrets }), ports: [`${port}:${deployable.port}`] },
      },
      ...secretFiles(secrets),
    },
  ]);
}

/** The server, asked by the image's own health check. */
export function servingService(deployable: Deployable, options: ComposeOptions) {
  return {
    ...hardenedService(deployable, options),
    healthcheck: {
      test: ["CMD", "slipway-runtime", "health"],
      interval: "10s",
      timeout: "5s",
      retries: 3,
      start_period: "60s",
    },
    stop_grace_period: `${deployable.shutdownSeconds + 5}s`,
    restart: "unless-stopped",
  };
}

/** What every container of a model has: no privileges, a root that nobody writes to, limits. */
export function hardenedService({ image, limits }: Deployable, { secrets }: ComposeOptions) {
  const [platform, ...others] = image.platforms;
  return {
    image: image.reference,
    ...(others.length === 0 && platform !== undefined ? { platform } : {}),
    environment: { SLIPWAY_IMAGE_DIGEST: image.digest },
    ...(secrets.length === 0 ? {} : { secrets: [...secrets] }),
    user: `${modelUser}:${modelUser}`,
    read_only: true,
    tmpfs: ["/tmp:size=64m,mode=1777"],
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    deploy: {
      resources: {
        limits: { cpus: composeCpus(limits), memory: composeMemory(limits) },
        ...(limits.gpus === 0
          ? {}
          : {
              reservations: {
                devices: [{ driver: "nvidia", count: limits.gpus, capabilities: ["gpu"] }],
              },
            }),
      },
    },
  };
}

export function secretFiles(secrets: readonly string[]) {
  if (secrets.length === 0) return {};
  return { secrets: Object.fromEntries(secrets.map((name) => [name, { file: `./secrets/${name}` }])) };
}
