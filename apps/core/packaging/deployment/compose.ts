import { serving } from "../serving.ts";
import type { Deployable, Running } from "./deployable.ts";
import { composeCpus, composeMemory } from "./limits.ts";
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
        model: {
          ...imageService(deployable),
          ...servingService(deployable, { secrets }),
          ports: [`${port}:${deployable.server.port}`],
        },
      },
      ...secretFiles(secrets),
    },
  ]);
}

/** The server. One of an own Dockerfile, or built elsewhere, is asked by the health check of its image, if any. */
export function servingService(running: Running, options: ComposeOptions) {
  return {
    ...hardenedService(running, options),
    ...(running.server.hasRuntime ? { healthcheck: healthCheck } : {}),
    stop_grace_period: `${running.shutdownSeconds + 5}s`,
    restart: "unless-stopped",
  };
}

const { test, intervalSeconds, timeoutSeconds, startPeriodSeconds, retries } = serving.health;
const healthCheck = {
  test: ["CMD", ...test],
  interval: `${intervalSeconds}s`,
  timeout: `${timeoutSeconds}s`,
  retries,
  start_period: `${startPeriodSeconds}s`,
};

/** What every container of a model has: no privileges, a root that nobody writes to, limits. */
export function hardenedService({ limits }: Running, { secrets }: ComposeOptions) {
  return {
    ...(secrets.length === 0 ? {} : { secrets: [...secrets] }),
    user: serving.user,
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

/** The image that is there, and how a program in it knows which it is. */
export function imageService({ image }: Deployable) {
  const [platform, ...others] = image.platforms;
  return {
    image: image.reference,
    ...(others.length === 0 && platform !== undefined ? { platform } : {}),
    environment: { SLIPWAY_IMAGE_DIGEST: image.digest },
  };
}

export function secretFiles(secrets: readonly string[]) {
  if (secrets.length === 0) return {};
  return { secrets: Object.fromEntries(secrets.map((name) => [name, { file: `./secrets/${name}` }])) };
}
