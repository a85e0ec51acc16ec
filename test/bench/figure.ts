import type { Ledger } from "#standalone/ledger.ts";
import type { Row } from "./rows.ts";

/** What a figure is measured with. */
export interface Bench {
  /** How often each side is measured. */
  runs: number;
  /** Of a large file. */
  fileBytes: number;
  /** Removed at the end. */
  folder: string;
  /** What is still running at the end is ended. */
  ledger: Ledger;
  say(text: string): void;
}

export interface Figure {
  /** For `--only`. */
  name: string;
  measure(bench: Bench): Promise<Row[]>;
}
