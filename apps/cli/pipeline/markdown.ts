/** One line, and nothing that is Markdown or HTML: others have written it. */
export function inMarkdown(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replace(/[\\`*_{}[\]<>()#+!|&~-]/g, (sign) => `\\${sign}`)
    .replaceAll("\\<", "&lt;")
    .replaceAll("\\&", "&amp;");
}

export function markdownTable(rows: readonly (readonly string[])[], head: readonly string[] = ["", ""]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return `${line(head)}${line(head.map(() => "---"))}${rows.map(line).join("")}`;
}

/** Ours, and legible in monospace; no backtick is in a digest or a reference. */
export function code(text: string): string {
  return `\`${text}\``;
}
