import { createReadStream } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TarEntry } from "./tar.ts";

/** A stream costs more than the bytes of most files. */
const readWholeBytes = 1024 * 1024;

/** Everything in a folder as entries below `prefix` (no slash at its end; empty for the top of the image). */
export async function folderEntries(folder: string, prefix: string): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  const visit = async (relative: string): Promise<void> => {
    for (const item of await readdir(join(folder, relative), { withFileTypes: true })) {
      const inFolder = relative === "" ? item.name : `${relative}/${item.name}`;
      const path = prefix === "" ? inFolder : `${prefix}/${inFolder}`;
      const onDisk = join(folder, inFolder);
      if (item.isDirectory()) {
        entries.push({ type: "folder", path });
        await visit(inFolder);
      } else if (item.isSymbolicLink()) entries.push({ type: "symlink", path, target: await readlink(onDisk) });
      else if (item.isFile()) entries.push(await fileEntry(path, onDisk));
      else throw new Error(`${path} is neither file, folder nor link: it cannot become part of an image`);
    }
  };
  await visit("");
  return entries;
}

async function fileEntry(path: string, onDisk: string): Promise<TarEntry> {
  const { size, mode } = await stat(onDisk);
  return {
    type: "file",
    path,
    executable: (mode & 0o100) !== 0,
    sizeBytes: size,
    open: async () =>
      size <= readWholeBytes ? [await readFile(onDisk)] : createReadStream(onDisk, { highWaterMark: readWholeBytes }),
  };
}
