import { createWriteStream } from "node:fs";
import { link, lstat, mkdir, readdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";

type Extract = ReturnType<typeof extract>;
type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

export interface UnpackOptions {
  signal: AbortSignal;
  /** False leaves an entry out. Paths have no slash at either end. */
  keep?: (path: string) => boolean;
}

/** A stream costs more than the bytes of most files. */
const writeWholeBytes = 1024 * 1024;

/** Lays an archive's files, folders and links over a folder, as a layer over the ones below it. Whiteouts
 *  (image-spec, layer.md) remove what lies below; devices and the like are left out; owners, times and all mode bits
 *  but "executable" are dropped. Absolute link targets become relative, so that the tree can be used where it lies.
 *  Nothing is ever written outside `root`. The stages' own errors are thrown as they are. */
export async function unpackInto(
  root: string,
  stages: readonly [Readable, ...Transform[]],
  options: UnpackOptions,
): Promise<void> {
  const realRoot = await realpath(root);
  // Both begin in the same turn: an entry that nobody waits for is lost.
  const tar = extract();
  const [flowed, laid] = await Promise.allSettled([
    pipeline([...stages, tar], { signal: options.signal }),
    layEntries(realRoot, tar, options),
  ]);
  if (flowed.status === "rejected" && !isPrematureClose(flowed.reason)) throw flowed.reason;
  if (laid.status === "rejected") throw laid.reason;
  if (flowed.status === "rejected") throw flowed.reason;
}

async function layEntries(root: string, entries: Extract, { keep }: UnpackOptions): Promise<void> {
  const tree = new Tree(root);
  for await (const entry of entries) {
    // When the archive breaks off, each open entry fails with it, and an error that nobody hears ends the process.
    entry.on("error", () => {});
    const path = inside(entry.header.name);
    if (path !== "" && keep?.(path) !== false) await layEntry(tree, path, entry);
    entry.resume();
  }
}

async function layEntry(tree: Tree, path: string, entry: Entry): Promise<void> {
  const { type, mode = 0, size = 0, linkname } = entry.header;
  await tree.ensureFolder(dirname(path));
  if (isWhiteout(path)) return tree.hide(path);
  if (type === "directory") return tree.ensureFolder(path);
  if (type === "symlink") return tree.replace(path, (target) => symlink(fromItsFolder(path, linkname ?? ""), target));
  if (type === "link") {
    const source = inside(linkname ?? "");
    await tree.ensureFolder(dirname(source));
    return tree.replace(path, (target) => link(join(tree.root, source), target));
  }
  if (type !== "file" && type !== "contiguous-file") return;
  const options = { flag: "wx", mode: (mode & 0o100) === 0 ? 0o644 : 0o755 };
  if (size > writeWholeBytes)
    return tree.replace(path, (target) => pipeline(entry, createWriteStream(target, { ...options, flags: "wx" })));
  const chunks: Buffer[] = [];
  for await (const chunk of entry) chunks.push(chunk as Buffer);
  return tree.replace(path, (target) => writeFile(target, Buffer.concat(chunks), options));
}

/** The files below a root while an archive is laid over them. */
class Tree {
  readonly root: string;
  /** What this archive has laid; an opaque whiteout hides only what was there before. */
  readonly #laid = new Set<string>();
  /** Folders known to be real ones, until something is replaced. */
  readonly #ensured = new Set<string>();

  constructor(root: string) {
    this.root = root;
  }

  async replace(path: string, make: (target: string) => Promise<void>): Promise<void> {
    const target = join(this.root, path);
    this.#laid.add(path);
    if ((await lstat(target).catch(ifMissing)) !== null) {
      await rm(target, { recursive: true });
      this.#ensured.clear();
    }
    await make(target);
  }

  /** Makes the folders of a path. A link on the way is followed as long as it stays within the tree. */
  async ensureFolder(path: string): Promise<void> {
    if (path === "." || this.#ensured.has(path)) return;
    await this.ensureFolder(dirname(path));
    const folder = join(this.root, path);
    const found = await lstat(folder).catch(ifMissing);
    if (found?.isSymbolicLink()) return this.#refuseEscape(path);
    if (found !== null && !found.isDirectory()) await rm(folder);
    if (!found?.isDirectory()) await mkdir(folder);
    this.#laid.add(path);
    this.#ensured.add(path);
  }

  async hide(whiteout: string): Promise<void> {
    const folder = dirname(whiteout);
    const name = whiteout.slice(folder === "." ? 0 : folder.length + 1);
    const hidden = name === ".wh..wh..opq" ? await readdir(join(this.root, folder)) : [name.slice(".wh.".length)];
    for (const item of hidden)
      if (!this.#laid.has(join(folder, item)))
        await rm(join(this.root, folder, item), { recursive: true, force: true });
    this.#ensured.clear();
  }

  async #refuseEscape(path: string): Promise<void> {
    const real = await realpath(join(this.root, path));
    if (real !== this.root && !real.startsWith(`${this.root}/`))
      throw new Error(`the archive writes through the link ${path}, which leads out of it`);
  }
}

/** `./usr/bin/` → `usr/bin`. An archive that climbs out of its root is refused. */
function inside(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new Error(`the archive holds the path "${name}", which leads out of it`);
  return parts.join("/");
}

function fromItsFolder(path: string, target: string): string {
  if (!target.startsWith("/")) return target;
  return relative(join("/", dirname(path)), target) || ".";
}

function isWhiteout(path: string): boolean {
  return path.slice(path.lastIndexOf("/") + 1).startsWith(".wh.");
}

function ifMissing(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_STREAM_PREMATURE_CLOSE";
}
