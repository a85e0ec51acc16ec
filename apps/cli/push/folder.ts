import { isUtf8 } from "node:buffer";
import { constants, createReadStream, type Stats } from "node:fs";
import { access, lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { digestFrom, sha256 } from "#core/artifacts/digest.ts";
import { Failure } from "../failure.ts";
import { inParallel } from "../in-parallel.ts";

export interface FoundFile {
  /** That of the version: `/`-separated, NFC. */
  path: string;
  place: string;
  sizeBytes: number;
  changedMs: number;
}

export interface LocalFile extends FoundFile {
  digest: string;
}

/** What tools leave in a folder, and no model needs (the Python client leaves out the same). */
const leftOut = new Set([".git", "__pycache__", ".ipynb_checkpoints", ".DS_Store", ".slipway-pull"]);

const hashedAtOnce = 4;
export const chunkBytes = 1024 * 1024;

/** All files, in the order of their paths' bytes. Throws with every one that cannot be pushed, before a byte is read:
 *  nothing is left out in silence. */
export async function findFiles(folder: string, followLinks: boolean): Promise<FoundFile[]> {
  const root = await realpath(folder).catch(() => null);
  if (root === null || !(await stat(root)).isDirectory())
    throw new Failure("usage", `there is no folder ${folder}: push the one that the model is in`, {
      code: "no_folder",
    });
  const faults: { where: string; message: string }[] = [];
  const files = new Map<string, FoundFile>();
  const walk = async (at: string, above: readonly string[]): Promise<void> => {
    const names = await readdir(at, { encoding: "buffer" });
    for (const bytes of names) {
      const name = bytes.toString();
      if (leftOut.has(name)) continue;
      const place = join(at, name);
      const where = relative(root, place).split(sep).join("/");
      if (!isUtf8(bytes)) {
        faults.push({ where, message: "its name is not valid UTF-8: rename it" });
        continue;
      }
      const found = await look(place, root, followLinks);
      if (typeof found === "string") faults.push({ where, message: found });
      else if (found.isDirectory()) {
        const real = await realpath(place);
        if (!above.includes(real)) await walk(place, [...above, real]); // a link to what it lies in has no end
      } else {
        const path = where.normalize("NFC");
        if (files.has(path)) faults.push({ where, message: "another file has this name in another Unicode form" });
        files.set(path, { path, place, sizeBytes: found.size, changedMs: found.mtimeMs });
      }
    }
  };
  await walk(root, [root]);
  if (faults.length > 0)
    throw new Failure("usage", `${folder} holds what cannot be pushed: mend what is named`, {
      code: "folder_invalid",
      faults: faults.slice(0, 100),
    });
  if (files.size === 0)
    throw new Failure("usage", `${folder} holds no files: put the model into it`, { code: "folder_empty" });
  return [...files.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
}

/** A fault in words, or what is there. */
async function look(place: string, root: string, followLinks: boolean): Promise<Stats | string> {
  const real = await realpath(place).catch(({ code }: NodeJS.ErrnoException) => ({ code }));
  if (typeof real !== "string")
    return real.code === "EACCES" ? unreadable : "it is a link that leads nowhere: remove it";
  const found = await stat(real);
  if (!followLinks && (await lstat(place)).isSymbolicLink()) {
    if (found.isDirectory()) return "it is a link to a folder: put the folder there, or push with --follow-links";
    if (!real.startsWith(root + sep))
      return "it is a link out of the folder: put the file there, or push with --follow-links";
  }
  if (!found.isFile() && !found.isDirectory()) return "it is no plain file: remove it";
  const readable = await access(place, constants.R_OK).then(
    () => true,
    () => false,
  );
  return readable ? found : unreadable;
}

const unreadable = "it cannot be read: allow it, or move it elsewhere";

export async function hashFiles(
  files: readonly FoundFile[],
  signal: AbortSignal,
  count: (bytes: number) => void,
): Promise<LocalFile[]> {
  return inParallel(files, hashedAtOnce, async (file) => ({ ...file, digest: await digestOf(file, signal, count) }));
}

export async function digestOf(
  { place, path }: Pick<FoundFile, "place" | "path">,
  signal: AbortSignal,
  count: (bytes: number) => void,
): Promise<string> {
  const hash = sha256();
  try {
    for await (const chunk of createReadStream(place, { highWaterMark: chunkBytes, signal })) {
      hash.update(chunk as Buffer);
      count((chunk as Buffer).length);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new Failure("failed", `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  return digestFrom(hash);
}

/** Since it was found. */
export async function hasChanged({ place, sizeBytes, changedMs }: FoundFile): Promise<boolean> {
  const now = await stat(place).catch(() => null);
  return now === null || now.size !== sizeBytes || now.mtimeMs !== changedMs;
}

/** As a header has it (RFC 9530 §2). */
export function contentDigest(digest: string): string {
  return `sha-256=:${Buffer.from(digest.slice("sha256:".length), "hex").toString("base64")}:`;
}
