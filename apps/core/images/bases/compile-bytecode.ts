import { readdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { withScratchFolder } from "../scratch-folder.ts";
import { runBasePython } from "./base-python.ts";

export interface CompileOptions {
  /** The unpacked base whose Python compiles. */
  root: string;
  pythonPath: string;
  /** What to compile, with all folders below. */
  folder: string;
  /** Where the folder will stand in the image: the path that tracebacks show. */
  imagePath: string;
  signal: AbortSignal;
}

/** The bytes of a `.pyc` depend on what its process compiled before (marshal writes a reference where an object is
 *  shared). So the files are dealt to a fixed number of processes in a fixed order, whatever machine this is. */
const shares = 4;

/** Writes `__pycache__` beside every source that the base's Python can compile; sources of another Python's grammar
 *  stay as they are. The bytecode is never checked against its source at run time, as the image is read-only. */
export async function compileFolder(options: CompileOptions): Promise<void> {
  const sources = await pythonSources(options.folder);
  await withScratchFolder(dirname(options.folder), "compile", async (lists) => {
    const pending = Array.from({ length: shares }, (_, share) => share);
    const compileNext = async (): Promise<void> => {
      for (let share = pending.shift(); share !== undefined; share = pending.shift()) {
        const list = join(lists, String(share));
        await writeFile(list, sources.filter((_, index) => index % shares === share).join("\n"));
        await compileListed(options, list);
      }
    };
    await Promise.all(Array.from({ length: Math.min(shares, availableParallelism()) }, compileNext));
  });
}

async function compileListed(options: CompileOptions, list: string): Promise<void> {
  const { exitCode, stdout, stderr } = await runBasePython({
    root: options.root,
    pythonPath: options.pythonPath,
    args: [
      ...["-S", "-m", "compileall", "-q"],
      ...["-s", options.folder, "-p", options.imagePath],
      ...["--invalidation-mode", "unchecked-hash"],
      ...["-i", list],
    ],
    signal: options.signal,
    limitMs: 10 * 60_000,
  });
  // 1: some sources could not be compiled, which their authors allow for (templates, other versions' grammar). A disk
  // that is full ends in the same code.
  const broken = /^.*\[Errno \d+\].*$/m.exec(stdout)?.[0];
  if (exitCode > 1 || broken !== undefined)
    throw new Error(`compiling bytecode failed: ${broken ?? stderr.trim().split("\n").at(-1) ?? ""}`);
}

/** Test suites are left out: nobody runs them in an image, and they are half of some packages. */
async function pythonSources(folder: string): Promise<string[]> {
  const items = await readdir(folder, { recursive: true, withFileTypes: true });
  return items
    .filter((item) => item.isFile() && item.name.endsWith(".py"))
    .map((item) => join(item.parentPath, item.name))
    .filter((path) => !/\/tests?\//.test(path.slice(folder.length)))
    .sort();
}
