/*
 * Runs the Python of an unpacked base through the base's own dynamic loader, so that neither a container nor the
 * Python or the libc of this machine has a part in it:
 *
 *   <root>/lib64/ld-linux-x86-64.so.2 --library-path <root>/lib/…:<root>/usr/lib/… <root>/usr/bin/python3.11 …
 *
 * Links inside the tree must be relative: see unpack.ts.
 */
import { realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Finished, runCommand } from "../run-command.ts";
import { exists } from "./exists.ts";

const loaders = ["lib64/ld-linux-x86-64.so.2", "lib/ld-musl-x86_64.so.1"];
const libraryFolders = [
  "lib/x86_64-linux-gnu",
  "usr/lib/x86_64-linux-gnu",
  "usr/lib/x86_64-linux-gnu/blas",
  "usr/lib/x86_64-linux-gnu/lapack",
  "lib64",
  "usr/lib64",
  "lib",
  "usr/lib",
  "usr/local/lib",
];

export interface PythonRun {
  /** The unpacked base. */
  root: string;
  /** As in the image, e.g. `/usr/bin/python3.11`. */
  pythonPath: string;
  args: readonly string[];
  signal: AbortSignal;
  limitMs: number;
}

export async function runBasePython(run: PythonRun): Promise<Finished> {
  const [file, ...args] = await basePythonCommand(run.root, run.pythonPath);
  const python = args.at(-1) ?? "";
  return runCommand({
    file,
    args: [...args, ...run.args],
    // The folder that Python adds to its path: one with no module in it.
    cwd: run.root,
    environment: {
      PYTHONHOME: dirname(dirname(python)),
      PYTHONHASHSEED: "0",
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONUTF8: "1",
    },
    signal: run.signal,
    limitMs: run.limitMs,
  });
}

/** The words that start the base's Python; its arguments follow. */
export async function basePythonCommand(root: string, pythonPath: string): Promise<[string, ...string[]]> {
  const folders = libraryFolders.map((folder) => join(root, folder)).join(":");
  return [await findLoader(root), "--library-path", folders, await realpath(join(root, pythonPath))];
}

export interface PythonFacts {
  version: string;
  libc: { name: "glibc" | "musl"; version: string };
}

const question = `
import json, os, sys
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION")
except ValueError:
    libc = None
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "libc": libc}))
`;

/** Asks the Python itself; it also shows that the base is complete enough to run it. */
export async function askPython(root: string, pythonPath: string, signal: AbortSignal): Promise<PythonFacts> {
  const answer = await runBasePython({
    root,
    pythonPath,
    args: ["-S", "-c", question],
    signal,
    limitMs: 60_000,
  });
  if (answer.exitCode !== 0)
    throw new Error(
      `the base's Python at ${pythonPath} does not run: ${answer.stderr.trim().split("\n").at(-1) ?? ""}`,
    );
  const { version, libc } = JSON.parse(answer.stdout) as { version: string; libc: string | null };
  const [name, libcVersion] = libc?.split(" ") ?? [];
  return {
    version,
    libc:
      name === "glibc" && libcVersion !== undefined ? { name, version: libcVersion } : { name: "musl", version: "1.2" },
  };
}

async function findLoader(root: string): Promise<string> {
  for (const loader of loaders) {
    const path = join(root, loader);
    if (await exists(path)) return path;
  }
  throw new Error(`the base has no dynamic loader for amd64 (looked for ${loaders.join(", ")})`);
}
