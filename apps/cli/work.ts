import type { Service } from "./service/connect.ts";
import type { Chosen } from "./settings.ts";
import type { Screen } from "./terminal/screen.ts";

/** What every command has. */
export interface Work {
  screen: Screen;
  chosen: Chosen;
  /** Ctrl-C. */
  signal: AbortSignal;
  /** The service that is chosen; nothing is connected to before it is asked. */
  service(): Promise<Service>;
}
