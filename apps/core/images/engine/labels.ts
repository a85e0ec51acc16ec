import { randomUUID } from "node:crypto";
import type { Instruction } from "./read-dockerfile.ts";

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

/** For the removal, and for clocks that differ. */
const marginMs = 300_000;

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

/** The Dockerfile with our labels at the head of each stage, so that what the engine makes of it is found again, and after
 *  each LABEL of its own: the last word counts. */
export function marked(dockerfile: string, instructions: readonly Instruction[], run: EngineRun): string {
  const ends = new Set(
    instructions.filter(({ name }) => ["FROM", "LABEL"].includes(name)).map(({ lastLine }) => lastLine),
  );
  return dockerfile
    .split("\n")
    .flatMap((line, index) => (ends.has(index + 1) ? [line, labelInstruction(run)] : [line]))
    .join("\n");
}
