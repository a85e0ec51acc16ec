import type { Environment } from "#core/settings.ts";

/** What `npm run test:kill -- --rounds N --seed S` says, by way of the environment. */
export interface KillSettings {
  seed: number;
  /** Null: each moment once. */
  rounds: number | null;
}

export function killSettings(environment: Environment): KillSettings {
  const rounds = environment["SLIPWAY_KILL_ROUNDS"];
  return {
    seed: Number(environment["SLIPWAY_KILL_SEED"] ?? Date.now() % 1_000_000_000),
    rounds: rounds === undefined ? null : Number(rounds),
  };
}
