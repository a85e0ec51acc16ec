import stringWidth from "fast-string-width";

/** Columns two apart. Where `columns` are too few, the widest give way and end in `…`, down to a width at which they still say
 *  something. */
export function showTable(
  head: string[],
  rows: string[][],
  columns: number | null,
  quiet: (text: string) => string,
): string[] {
  const shown = rows.map((row) => row.map(oneLine));
  const widths = head.map((title, at) =>
    Math.max(...[title, ...shown.map((row) => row[at] ?? "")].map((text) => stringWidth(text))),
  );
  while (columns !== null && sum(widths) + 2 * (widths.length - 1) > columns) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  const line = (row: string[]) =>
    row
      .map((cell, at) => pad(cut(cell, widths[at] ?? 0), widths[at] ?? 0))
      .join("  ")
      .trimEnd();
  return [quiet(line(head)), ...shown.map(line)];
}

const narrowest = 8;

export function oneLine(text: string): string {
  return plain(text).replace(/\s+/g, " ");
}

/** What others have written moves no cursor. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}

function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let kept = "";
  for (const character of text) {
    if (stringWidth(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
