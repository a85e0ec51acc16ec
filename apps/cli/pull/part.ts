import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { Failure } from "../failure.ts";

/** What is not there on Windows is 0. */
const careful = constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** The folder of what has come so far, and none that a link leads to. */
export async function makeParts(parts: string): Promise<void> {
  await mkdir(parts).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  if (!(await lstat(parts)).isDirectory()) throw inTheWay(parts, "is no folder, or a link to one");
}

/** A file that is there under this name alone. Whatever else lies there is neither followed, waited for, nor emptied. */
export async function openPart(part: string, flags: number = careful): Promise<FileHandle> {
  const handle = await open(part, flags, 0o666).catch((error: NodeJS.ErrnoException) => {
    // ENXIO: of a socket; EISDIR: of a folder
    if (["ELOOP", "ENXIO", "EISDIR"].includes(error.code ?? "")) throw inTheWay(part, "is no file of a pull");
    throw error;
  });
  const found = await handle.stat();
  if (found.isFile() && found.nlink <= 1) return handle;
  await handle.close();
  throw inTheWay(part, "is no file of a pull");
}

function inTheWay(place: string, what: string): Failure {
  return new Failure("failed", `${place} ${what}, and stands in the way: remove it`, { code: "unsafe_path" });
}
