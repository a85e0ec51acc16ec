import pc from "picocolors";
import { showTable } from "./table.ts";

export interface Screen {
  /** Documents of the API instead of tables. */
  json: boolean;
  /** Whether bars and prompts make sense: they go to stderr. */
  interactive: boolean;
  colours: ReturnType<typeof pc.createColors>;
  /** What was asked for. */
  print(text: string): void;
  /** A table on a terminal is as wide as that. */
  table(head: string[], rows: string[][]): void;
  /** What is said beside it. */
  note(text: string): void;
}

export interface ScreenOptions {
  json?: boolean | undefined;
  color?: boolean | undefined;
}

export function openScreen({ json = false, color = true }: ScreenOptions): Screen {
  const { stdout, stderr } = process;
  const wanted = color && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  const colours = pc.createColors(wanted && stdout.isTTY === true && stderr.isTTY === true);
  return {
    json,
    interactive: stderr.isTTY === true && process.env["TERM"] !== "dumb",
    colours,
    print: (text) => void stdout.write(`${text}\n`),
    note: (text) => void stderr.write(`${text}\n`),
    table: (head, rows) => {
      for (const line of showTable(head, rows, stdout.isTTY ? stdout.columns : null, colours.dim))
        stdout.write(`${line}\n`);
    },
  };
}
