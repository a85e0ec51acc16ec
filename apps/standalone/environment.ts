import { type Config, readConfig } from "#core/config.ts";
import type { Environment } from "#core/settings.ts";

/** Which parts are ours to start: those that no variable names. */
export interface Embedded {
  postgres: boolean;
  redis: boolean;
  registry: boolean;
}

export function embeddedParts(environment: Environment): Embedded {
  const named = (...names: string[]) => names.some((name) => (environment[name] ?? "") !== "");
  return {
    postgres: !named("DATABASE_URL", "DATABASE_URL_FILE"),
    redis: !named("REDIS_URL", "REDIS_URL_FILE"),
    registry: !named("SLIPWAY_REGISTRY"),
  };
}

/** The key that belongs to the embedded database, where the environment names no other. A database that is not ours has
 *  its key from the environment alone: it may outlive this data directory, and have other instances. */
export function keptSecretKey(environment: Environment, embedded: Embedded, kept: string): Environment {
  const isNamed = ["SLIPWAY_SECRET_KEY", "SLIPWAY_SECRET_KEY_FILE"].some((name) => (environment[name] ?? "") !== "");
  return embedded.postgres && !isNamed ? { SLIPWAY_SECRET_KEY: kept } : {};
}

/** What the embedded parts add to the environment once they run. */
export type PartAddresses = Partial<Record<"DATABASE_URL" | "REDIS_URL" | "SLIPWAY_REGISTRY", string>>;

/** The settings as the API and the worker will read them. The addresses of parts that do not run yet are
 *  stood in for, so that everything that is wrong is said before anything starts. */
export function readStandaloneConfig(environment: Environment, embedded: Embedded): Config {
  return readConfig({
    ...environment,
    ...(embedded.postgres ? { DATABASE_URL: "postgresql://127.0.0.1/slipway" } : {}),
    ...(embedded.redis ? { REDIS_URL: "redis://127.0.0.1" } : {}),
    ...(embedded.registry ? { SLIPWAY_REGISTRY: "127.0.0.1:5000" } : {}),
  });
}
