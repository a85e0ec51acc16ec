import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { type Digest, digestFrom } from "#core/artifacts/digest.ts";

/** docker/runtime of this repository. */
export const runtimeFolder = fileURLToPath(new URL("../../../../docker/runtime/", import.meta.url));

/** The Slipway runtime as it lies in the repository: docker/runtime. */
export interface RuntimeSource {
  version: string;
  /** Of the source files, by path and bytes, and of how they are laid into an image: another digest, other images. */
  digest: Digest;
  /** PEP 508 lines. */
  requirements: string[];
  files: RuntimeFile[];
}

interface RuntimeFile {
  /** Below `slipway_runtime/`. */
  path: string;
  bytes: Buffer;
}

/** Raised when make-runtime.ts lays runtimes out in another way, so that old ones are not taken for new ones. */
const layout = 2;

export async function readRuntimeSource(folder: string): Promise<RuntimeSource> {
  const project = parse(await readFile(join(folder, "pyproject.toml"), "utf8"))["project"];
  const requirements = fieldOf(project, "dependencies");
  if (!Array.isArray(requirements) || !requirements.every((line) => typeof line === "string"))
    throw new Error(`${folder}/pyproject.toml has no list [project].dependencies`);
  const files = await readSources(join(folder, "src/slipway_runtime"));
  return { version: versionOf(project, files, folder), digest: digestOfFiles(files), requirements, files };
}

async function readSources(top: string): Promise<RuntimeFile[]> {
  const items = await readdir(top, { recursive: true, withFileTypes: true });
  const paths = items
    .filter((item) => item.isFile() && !item.name.endsWith(".pyc"))
    .map((item) => join(item.parentPath, item.name).slice(top.length + 1))
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(join(top, path)) })));
}

function digestOfFiles(files: readonly RuntimeFile[]): Digest {
  const hash = createHash("sha256").update(`layout ${layout}\0`);
  for (const { path, bytes } of files) hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  return digestFrom(hash);
}

/** `[project].version`, or `__version__` where the build takes it from there. */
function versionOf(project: unknown, files: readonly RuntimeFile[], folder: string): string {
  const stated = fieldOf(project, "version");
  if (typeof stated === "string") return stated;
  const module = files.find(({ path }) => path === "__init__.py")?.bytes.toString("utf8") ?? "";
  const version = /^__version__\s*=\s*"([^"]+)"/m.exec(module)?.[1];
  if (version === undefined)
    throw new Error(`${folder} states no version: neither in pyproject.toml nor as __version__`);
  return version;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
