import type { Figure } from "./figure.ts";
import { runtimesBatch } from "./figures/runtimes-batch.ts";
import { runtimesPredictions } from "./figures/runtimes-predictions.ts";
import { runtimesRequirements } from "./figures/runtimes-requirements.ts";
import { runtimesSize } from "./figures/runtimes-size.ts";
import { runtimesStart } from "./figures/runtimes-start.ts";

/** What an image is like that serves a model: how soon it is made, what it holds, how fast it answers. */
export const runtimes: readonly Figure[] = [
  runtimesRequirements,
  runtimesSize,
  runtimesPredictions,
  runtimesStart,
  runtimesBatch,
];
