import { access, readdir, readFile, realpath } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Architecture } from "#core/packaging/platforms.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import type { PythonFacts } from "./base-python.ts";
import type { Base } from "./base-source.ts";

/** The base for this machine's architecture that stands beside one for another: its Python runs here, and works for both.
 *  What it writes is the same on each, bytecode too, as long as the two are the same Python. */
export interface Twin {
  base: Base;
  /** The folder with its files. */
  files(context: BuildContext): Promise<string>;
}

/** Debian's names, which others use as well. */
export const libraryFolder: Readonly<Record<Architecture, string>> = {
  amd64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
};

/**
 * What a Python says of itself that cannot be run here, read from its files: both texts are constants in them.
 *
 *   /usr/bin/python3.11 or libpython3.11.so.1.0   3.11.2\0, maybe as the end of a longer text       CPython, patchlevel.h
 *   libc.so.6                                     GNU C Library (…) stable release version 2.36.   glibc, csu/version.c
 *
 * Throws `platform_unavailable` where it is not the twin's.
 */
export async function readForeignPython(root: string, found: Foreign, { base }: Twin): Promise<PythonFacts> {
  const version = await pythonVersion(root, found);
  if (version !== base.pythonVersion || found.pythonPath !== base.pythonPath)
    throw new BuildFault(
      "platform_unavailable",
      `no image can be made for linux/${found.architecture}: its base ${found.source} has Python ${version} at ${found.pythonPath}, and the ` +
        `one for linux/${base.architecture}, which prepares it, has Python ${base.pythonVersion} at ${base.pythonPath}`,
    );
  return { version, libc: await libcOf(root, found.architecture) };
}

interface Foreign {
  source: string;
  architecture: Architecture;
  pythonPath: string;
}

async function pythonVersion(root: string, { source, architecture, pythonPath }: Foreign): Promise<string> {
  const program = await realpath(join(root, pythonPath));
  const minor = /^python(3\.\d+)$/.exec(basename(program))?.[1];
  if (minor === undefined)
    throw new Error(`the base ${source} has its Python at ${pythonPath}, which names no version`);
  const library = (folder: string) => join(root, folder, `libpython${minor}.so.1.0`);
  const places = ["usr/local/lib", "usr/lib", `usr/lib/${libraryFolder[architecture]}`].map(library);
  const text = new RegExp(`(?<![\\d.])(${minor.replace(".", "\\.")}\\.\\d+)\\+?\\0`, "g");
  for (const place of [program, ...places]) {
    const said = new Set([...(await readText(place)).matchAll(text)].map(([, version]) => version));
    const [version] = said;
    if (version !== undefined && said.size === 1) return version;
  }
  throw new Error(`the base ${source} has a Python ${minor} that does not say which`);
}

async function libcOf(root: string, architecture: Architecture): Promise<PythonFacts["libc"]> {
  const names = await readdir(join(root, "lib")).catch(() => []);
  if (names.some((name) => name.startsWith("ld-musl-"))) return { name: "musl", version: "1.2" };
  const ofArchitecture = libraryFolder[architecture];
  for (const folder of [`lib/${ofArchitecture}`, `usr/lib/${ofArchitecture}`, "lib64", "lib"]) {
    const version = /GNU C Library .*? release version (\d+\.\d+)/.exec(
      await readText(join(root, folder, "libc.so.6")),
    )?.[1];
    if (version !== undefined) return { name: "glibc", version };
  }
  throw new Error(`the base for ${architecture} has no libc that is known`);
}

/** Of what is not there, nothing. */
async function readText(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  return isThere ? readFile(path, "latin1") : "";
}
