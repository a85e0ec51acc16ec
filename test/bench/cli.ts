import type { Figure } from "./figure.ts";
import { cliPush } from "./figures/cli-push.ts";
import { cliSize } from "./figures/cli-size.ts";
import { cliStart } from "./figures/cli-start.ts";

/** What the `slipway` command costs: to send, to start, to have. */
export const cli: readonly Figure[] = [cliPush, cliStart, cliSize];
