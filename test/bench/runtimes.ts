import type { Figure } from "./figure.ts";
import { runtimesRequirements } from "./figures/runtimes-requirements.ts";
import { runtimesSize } from "./figures/runtimes-size.ts";

/** What an image is like that serves a model: how soon it is made, what it holds. */
export const runtimes: readonly Figure[] = [runtimesRequirements, runtimesSize];
