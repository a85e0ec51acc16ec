import type { RetentionPreview } from "#core/upkeep/preview-retention.ts";
import { dayOf } from "#core/upkeep/tag-history.ts";

/** A line for each image, as a person reads it. */
export function retentionTable({ rule, going, freedBytes, items }: RetentionPreview): string {
  const rows = items.map(({ goes, version, createdAt, freedBytes, digest, why }) => [
    goes ? "goes" : "stays",
    version,
    dayOf(createdAt),
    goes ? String(freedBytes) : "",
    digest.slice(0, "sha256:".length + 12),
    why,
  ]);
  const table = [["image", "version", "made", "bytes", "digest", "why"], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => (column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const sum =
    rule === null ? "all stay: no rule is for this model" : `${going} of ${items.length} go, ${freedBytes} bytes`;
  return `${[...lines, sum].join("\n")}\n`;
}
