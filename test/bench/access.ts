import type { Figure } from "./figure.ts";
import { accessMixed } from "./figures/access-mixed.ts";
import { accessReadVersion } from "./figures/access-read-version.ts";

/** What it costs to ask who calls, and what happens when many do at once. */
export const access: readonly Figure[] = [accessReadVersion, accessMixed];
