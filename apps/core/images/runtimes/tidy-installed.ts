import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Written by installers about the installation, not about the package: the installer's name, whether it was asked
 *  for by name, where it came from. */
const installerFiles = ["INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"];

/** Leaves what is a function of the wheels alone. Console scripts name this machine's Python in their first line and
 *  nothing in the image calls them, so `bin` goes; so do headers; and RECORD loses their lines. */
export async function tidyInstalled(target: string): Promise<void> {
  for (const name of ["bin", "include", ".lock", ".gitignore", "CACHEDIR.TAG"])
    await rm(join(target, name), { recursive: true, force: true });
  for (const item of await readdir(target)) {
    if (!item.endsWith(".dist-info")) continue;
    const folder = join(target, item);
    for (const name of installerFiles) await rm(join(folder, name), { force: true });
    await tidyRecord(join(folder, "RECORD"), item);
  }
}

/** RECORD: `path,sha256=…,size` a line, paths from the installation's top. */
async function tidyRecord(path: string, distInfo: string): Promise<void> {
  const gone = new Set(installerFiles.map((name) => `${distInfo}/${name}`));
  const lines = (await readFile(path, "utf8")).split(/\r?\n/).filter((line) => {
    const file = line.split(",", 1)[0]?.replace(/^"|"$/g, "") ?? "";
    return file !== "" && !gone.has(file) && !/^(?:\.\.\/)*(?:bin|include)\//.test(file);
  });
  // Installers may have linked it to their cache: it is replaced, never written into.
  await rm(path);
  await writeFile(path, `${lines.sort().join("\n")}\n`);
}
