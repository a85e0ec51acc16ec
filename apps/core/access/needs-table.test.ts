import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { needsTable, rolesTable } from "./needs-table.ts";

it("stands in docs/access.md as it is: npm run docs writes it anew", () => {
  const page = readFileSync(new URL("../../../docs/access.md", import.meta.url), "utf8");
  expect(page).toContain(`<!-- roles -->\n${rolesTable()}\n<!-- end -->`);
  expect(page).toContain(`<!-- needs -->\n${needsTable()}\n<!-- end -->`);
});
