import { needs, subjects } from "./needs.ts";
import { rights, rightsOf, roles } from "./roles.ts";

/** What each role may, as a table of Markdown. */
export function rolesTable(): string {
  return table(
    ["role", ...rights],
    roles.map((role) => [`\`${role}\``, ...rights.map((right) => (rightsOf[role].includes(right) ? "yes" : ""))]),
  );
}

/** What each operation needs, as a table of Markdown. */
export function needsTable(): string {
  return table(
    ["operation", "right", "on"],
    Object.entries(needs).map(([operation, { right, on }]) => [`\`${operation}\``, right, subjects[on]]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
