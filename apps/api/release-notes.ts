import type { Comparison } from "#core/promotion/compare-versions.ts";

const listedAtMost = 20;

/** What a candidate brings, in Markdown: for a merge request, a chat, a change record. */
export function releaseNotes({ model, from, to, files, metadata, signature, requirements, image }: Comparison): string {
  const changes = metadata.map(({ path, from: before, to: after }) => [path, inWords(before), inWords(after)]);
  const pins = (requirements ?? []).map((each) => [each.name, each.from ?? "", each.to ?? ""]);
  const signed = signature.map(({ path, from: before, to: after }) => [path, inWords(before), inWords(after)]);
  const paths = files.items.map(({ path, from: before, to: after }) => [
    path,
    before === null ? "" : String(before.sizeBytes),
    after === null ? "" : String(after.sizeBytes),
  ]);
  const sections = [
    `# ${model} ${from.version} → ${to.version}`,
    cell(to.description),
    `${to.version} is ${to.status}; ${to.proof === null ? "it was not proven" : `its proof ${to.proof.status}`}. ` +
      `Files: ${files.added} added, ${files.changed} changed, ${files.removed} removed.` +
      (image === null ? "" : ` A node that has ${from.version} pulls ${image.newBytes} bytes.`),
    ...table("Metadata", from.version, to.version, changes),
    ...table("Signature", from.version, to.version, signed),
    ...table("Requirements", from.version, to.version, pins),
    ...table("Files (bytes)", from.version, to.version, paths),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function table(title: string, from: string, to: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const lines = rows.slice(0, listedAtMost).map((cells) => `| ${cells.map(cell).join(" | ")} |`);
  const left = rows.length - lines.length;
  return [
    `## ${title}`,
    [`| | ${from} | ${to} |`, "|---|---|---|", ...lines].join("\n"),
    left > 0 ? `and ${left} more` : "",
  ];
}

/** One line, and nothing that is Markdown or HTML: whoever uploads a version writes what stands here. */
function cell(text: string): string {
  const plain = text.replace(/[\s\p{Cc}]+/gu, " ").slice(0, 200);
  return plain
    .replace(/[\\`*_{}[\]<>()#+!|&~-]/g, (sign) => `\\${sign}`)
    .replaceAll("\\<", "&lt;")
    .replaceAll("\\&", "&amp;");
}

function inWords(value: unknown): string {
  return value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);
}
