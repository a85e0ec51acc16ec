import { cpuSecondsOfCommands } from "./cpu-seconds.ts";
import type { Series } from "./rows.ts";
import type { Slipway } from "./slipway.ts";

/** What it took to bring bytes into a registry. */
export interface Cost {
  seconds: number;
  /** Processor time of whoever brought them. */
  cpuSeconds: number;
  /** And of the registry meanwhile. */
  registryCpuSeconds: number;
}

/** Of commands that this process runs. `act` tells the seconds that count. */
export function costOfCommands(slipway: Slipway, act: () => Promise<number>): Promise<Cost> {
  return costOf(slipway, cpuSecondsOfCommands, act);
}

/** Of Slipway's own processes. */
export function costOfSlipway(slipway: Slipway, act: () => Promise<number>): Promise<Cost> {
  return costOf(slipway, () => slipway.cpuSeconds("api") + slipway.cpuSeconds("worker"), act);
}

export function seriesOf(costs: readonly Cost[], figure: keyof Cost): Series {
  return { unit: "s", values: costs.map((cost) => cost[figure]) };
}

async function costOf(slipway: Slipway, cpuSeconds: () => number, act: () => Promise<number>): Promise<Cost> {
  const before = { own: cpuSeconds(), registry: slipway.cpuSeconds("registry") };
  const seconds = await act();
  return {
    seconds,
    cpuSeconds: cpuSeconds() - before.own,
    registryCpuSeconds: slipway.cpuSeconds("registry") - before.registry,
  };
}
