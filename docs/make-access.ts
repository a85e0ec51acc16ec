/*
 * npm run docs
 *
 * Writes the tables of docs/access.md anew from core/access.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { needsTable, rolesTable } from "#core/access/needs-table.ts";

const path = fileURLToPath(new URL("access.md", import.meta.url));
const made = Object.entries({ roles: rolesTable(), needs: needsTable() }).reduce(
  (text, [name, table]) =>
    text.replace(
      new RegExp(`(<!-- ${name} -->)[\\s\\S]*?(<!-- end -->)`),
      (_all, before, after) => `${before}\n${table}\n${after}`,
    ),
  readFileSync(path, "utf8"),
);
writeFileSync(path, made);
