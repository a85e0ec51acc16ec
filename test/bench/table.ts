import type { Row } from "./rows.ts";

const columns = ["figure", "slipway", "against", "result", "goal", "met"] as const;

/** A Markdown table whose columns line up in a terminal too. */
export function table(rows: readonly Row[]): string {
  const heads = { figure: "figure", slipway: "Slipway", against: "against", result: "ratio", goal: "goal", met: "met" };
  const lines = [heads, ...rows];
  const widths = columns.map((column) => Math.max(...lines.map((line) => line[column].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(" | ")} |`;
  const [head = "", ...body] = lines.map((row) => line(columns.map((column) => row[column])));
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("\n");
}
