import type { Random } from "../random.ts";
import type { Round } from "../round.ts";

/** A fault and the moment that it strikes at. */
export interface Moment {
  fault: string;
  when: string;
  packages: (random: Random) => Record<string, Buffer>;
  strike(round: Round): Promise<void>;
}

/** How long parts stay away. */
export interface Outage {
  ms: number;
}
