import { readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What only a compiler reads. Stubs stay: lazy_loader takes a package's imports from them. */
const forCompilers = /\.(?:a|h|hh|hpp|hxx|cuh|pxd|pyx|pxi|c|cc|cpp|cxx|f|f90)$/;
const ofTests = /\/tests?\//;
/** `from package.tests import x`, `from .tests.module import x`, `from package import tests`, `import package.tests`. */
const imports = /^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^#\n]*)|import[ \t]+([^#\n]*))/gm;

/** Leaves out what a wheel carries and serving never needs: test suites, headers, sources of extensions, static
 *  libraries. A top-level module is never taken for tests, and tests that the rest of their package imports stay.
 *  Debugging symbols stay as well: stripping a library that its wheel's tools have patched can break it. Returns the
 *  bytes that were saved. */
export async function slimInstalled(target: string): Promise<number> {
  let savedBytes = 0;
  for (const item of await readdir(target)) {
    if (!item.endsWith(".dist-info")) continue;
    const record = join(target, item, "RECORD");
    const lines = (await readFile(record, "utf8")).split("\n");
    const paths = lines.map(pathOf).filter((path) => path.includes("/") && !path.startsWith(item));
    const used = await importedTests(target, paths);
    const isUsed = (path: string) => used.some((folder) => path.startsWith(`${folder}/`));
    const gone = new Set(paths.filter((path) => forCompilers.test(path) || (ofTests.test(path) && !isUsed(path))));
    if (gone.size === 0) continue;
    for (const path of gone) {
      savedBytes += (await stat(join(target, path))).size;
      await rm(join(target, path));
    }
    await removeEmpty(target, new Set([...gone].map(dirname)));
    // Installers may have linked it to their cache: it is replaced, never written into.
    await rm(record);
    await writeFile(record, lines.filter((line) => !gone.has(pathOf(line))).join("\n"));
  }
  return savedBytes;
}

/** RECORD: `path,sha256=…,size` a line. */
function pathOf(line: string): string {
  return line.split(",", 1)[0]?.replace(/^"|"$/g, "") ?? "";
}

/** Folders of tests that what is no test imports: numpy.testing does. */
async function importedTests(target: string, paths: readonly string[]): Promise<string[]> {
  const folders = new Set<string>();
  for (const path of paths) {
    if (!path.endsWith(".py") || ofTests.test(path) || path.endsWith("/conftest.py")) continue;
    for (const [, from, names, modules] of (await readFile(join(target, path), "utf8")).matchAll(imports)) {
      const imported = from === undefined ? modulesIn(modules ?? "") : [from, ...testsIn(from, names ?? "")];
      for (const module of imported) {
        const [folder] = /^.*?\/tests?(?=\/|$)/.exec(pathOfModule(module, path)) ?? [];
        if (folder !== undefined) folders.add(folder);
      }
    }
  }
  return [...folders];
}

/** `a.b` and `c` of `import a.b as x, c`. */
function modulesIn(list: string): string[] {
  return list.split(",").map((module) => module.trim().split(/\s/, 1)[0] ?? "");
}

/** `p.tests` of `from p import tests`. */
function testsIn(from: string, names: string): string[] {
  const parent = from.endsWith(".") ? from : `${from}.`;
  return (names.match(/\w+/g) ?? []).filter((name) => /^tests?$/.test(name)).map((name) => `${parent}${name}`);
}

/** `..tests.data` in `package/part/module.py` is `package/tests/data`. */
function pathOfModule(module: string, importer: string): string {
  const dots = /^\.*/.exec(module)?.[0].length ?? 0;
  const below = module.slice(dots).replaceAll(".", "/");
  if (dots === 0) return below;
  return [...importer.split("/").slice(0, -dots), ...(below === "" ? [] : [below])].join("/");
}

/** Deepest first, and their parents as far as nothing else is in them. */
async function removeEmpty(target: string, folders: ReadonlySet<string>): Promise<void> {
  for (const folder of [...folders].sort((a, b) => b.length - a.length))
    for (let each = folder; each.includes("/"); each = dirname(each)) {
      const isGone = await rmdir(join(target, each)).then(
        () => true,
        () => false,
      );
      if (!isGone) break;
    }
}
