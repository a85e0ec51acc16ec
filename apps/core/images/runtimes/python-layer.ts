import { rm } from "node:fs/promises";
import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Base } from "../bases/base-source.ts";
import { compileFolder } from "../bases/compile-bytecode.ts";
import type { BuildContext } from "../image-builder.ts";
import { folderEntries } from "../layers/folder-entries.ts";
import { type StoredLayer, storeLayer } from "../layers/stored-layer.ts";
import { parentFolders, type TarEntry } from "../layers/tar.ts";
import { megabytes, seconds } from "../measures.ts";

export interface PythonFolder {
  folder: string;
  /** Where it stands in the image, without a slash at either end. */
  imagePath: string;
  /** Entries besides. */
  more: readonly TarEntry[];
  kind: "dependencies" | "runtime";
  /** What the log calls the layer. */
  title: string;
}

/** A folder's files with their bytecode as one layer, kept as a blob; the folder is gone afterwards. */
export async function layPython(
  needs: Blobs,
  { base, root }: { base: Base; root: string },
  { folder, imagePath, more, kind, title }: PythonFolder,
  { log, signal }: BuildContext,
): Promise<StoredLayer> {
  const startedAt = performance.now();
  await compileFolder({ root, pythonPath: base.pythonPath, folder, imagePath: `/${imagePath}`, signal });
  const compiled = seconds(startedAt);
  const files = [...(await folderEntries(folder, imagePath)), ...more];
  const paths = files.map(({ path }) => path);
  const known = new Set(paths);
  const parents = parentFolders([...paths, `${imagePath}/`], "opt").filter(({ path }) => !known.has(path));
  const layer = await storeLayer(needs, [...parents, ...files], { kind, signal });
  await rm(folder, { recursive: true, force: true });
  log(`${title}: ${megabytes(layer.sizeBytes)} (bytecode in ${compiled}, all in ${seconds(startedAt)})`);
  return layer;
}
