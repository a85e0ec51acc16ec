/*
 * What a step laid out in its folder. Code of packages ran beside it as root, so all of it may be anything: links are
 * refused, not followed, since they would lead about on this machine.
 *
 *   out/sdists, out/packages    a record a line, its fields with a space between
 *   out/wheels/                 wheels, nothing else
 *   out/root/                   files of an image: links may be in it, and are laid into a layer as links
 */
import { lstat, readdir, readFile } from "node:fs/promises";
import { BuildFault } from "../image-builder.ts";

const mostBytes = 1024 * 1024;

/** One pattern a field; each is to match as a whole. */
export type Fields<Name extends string> = Readonly<Record<Name, RegExp>>;

export const sdistFields: Fields<"name" | "version" | "file" | "sha256"> = {
  name: /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/,
  version: /^[A-Za-z0-9][A-Za-z0-9.!+_-]*$/,
  file: /^[A-Za-z0-9][A-Za-z0-9.!+~_-]*$/,
  sha256: /^[0-9a-f]{64}$/,
};

/** Debian Policy 5.6.1 and 5.6.12; a digest only where apt knows one. */
export const packageFields: Fields<"name" | "version" | "sha256"> = {
  name: /^[a-z0-9][a-z0-9+.-]+$/,
  version: /^[0-9][A-Za-z0-9.+~:-]*$/,
  sha256: /^(?:[0-9a-f]{64})?$/,
};

/** Throws `build_step_failed` where the file is none, or holds what is no such record. */
export async function readRecords<Name extends string>(
  file: string,
  fields: Fields<Name>,
): Promise<Record<Name, string>[]> {
  const found = await lstat(file).catch(ifMissing);
  if (!found?.isFile() || found.size > mostBytes) throw notOurs(file, "is no file of its kind");
  const names = Object.keys(fields) as Name[];
  return (await readFile(file, "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const words = line.split(" ");
      const isRecord = words.length === names.length && names.every((name, at) => fields[name].test(words[at] ?? ""));
      if (!isRecord) throw notOurs(file, "holds a line that is none of its kind");
      return Object.fromEntries(names.map((name, at) => [name, words[at] ?? ""])) as Record<Name, string>;
    });
}

/** Throws `build_step_failed` where it is no folder, or holds more than wheels. */
export async function requireWheels(folder: string): Promise<void> {
  await requireFolder(folder);
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (!entry.isFile() || !entry.name.endsWith(".whl")) throw notOurs(folder, "holds more than wheels");
}

/** Throws `build_step_failed` where it is a link or a file. */
export async function requireFolder(folder: string): Promise<void> {
  if (!(await lstat(folder).catch(ifMissing))?.isDirectory()) throw notOurs(folder, "is no folder");
}

function notOurs(path: string, what: string): BuildFault {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return new BuildFault(
    "build_step_failed",
    `what a package does while it is built spoiled the output: "${name}" ${what}`,
  );
}

function ifMissing(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}
