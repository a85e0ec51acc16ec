import { randomUUID } from "node:crypto";

/** Marks whatever an engine makes for a build, so that it is found again: containers, images and the steps between. */
export const runLabel = "dev.slipway.build-run";
/** Until when the run can last, in seconds since 1970; whatever is older was left behind. */
export const untilLabel = "dev.slipway.build-until";
/** Marks what is kept between builds, by what it was made of. */
export const keptLabel = "dev.slipway.build-base";

export interface EngineRun {
  id: string;
  untilMs: number;
}

const marginMs = 60_000;

export function newRun(limitMs: number): EngineRun {
  return { id: randomUUID(), untilMs: Date.now() + limitMs + marginMs };
}

export function labelsOf({ id, untilMs }: EngineRun): Record<string, string> {
  return { [runLabel]: id, [untilLabel]: String(Math.ceil(untilMs / 1_000)) };
}

/** The instruction that marks a stage's containers: a container has the labels of the image that it runs. */
export function labelInstruction(run: EngineRun): string {
  const words = Object.entries(labelsOf(run)).map(([name, value]) => `"${name}"="${value}"`);
  return `LABEL ${words.join(" ")}`;
}
