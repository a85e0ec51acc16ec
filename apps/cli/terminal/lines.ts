import type { Screen } from "./screen.ts";
import { plain } from "./table.ts";

/** A name and what it is, one a line; what says nothing is left out. */
export function showLines(screen: Screen, rows: [string, string][]): void {
  for (const [name, text] of rows)
    if (text.trim() !== "") screen.print(`${screen.colours.dim(name.padEnd(8))}  ${plain(text).trim()}`);
}
