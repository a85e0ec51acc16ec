import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../models/", import.meta.url));

/** A request, and what Python itself answered when the model was made. */
export interface ModelCase {
  request: unknown;
  predictions: unknown[];
}

/** A package of `test/models` with its cases. */
export interface RealModel {
  name: string;
  files: Record<string, Buffer>;
  cases: ModelCase[];
}

export function realModel(name: string): RealModel {
  const root = join(folder, name, "package");
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"),
  );
  return {
    name,
    files: Object.fromEntries(
      files.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path.slice(root.length + 1), readFileSync(path)];
      }),
    ),
    cases: JSON.parse(readFileSync(join(folder, name, "cases.json"), "utf8")),
  };
}

export function realModelNames(): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() && isModel(entry.name) ? [entry.name] : [])).sort();
}

function isModel(name: string): boolean {
  return readdirSync(join(folder, name)).includes("cases.json");
}
