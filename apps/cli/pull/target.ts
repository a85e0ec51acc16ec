import { lstat, mkdir, realpath } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { Failure } from "../failure.ts";

export const partsFolder = ".slipway-pull";

/** Where a file is written. Throws for a path that leads out of the folder: the service has none, and is not trusted in
 *  that. */
export function targetOf(folder: string, path: string): string {
  const segments = path.split("/");
  const unsafe = segments.some(
    (segment) => segment === "" || segment === "." || segment === ".." || segment === partsFolder,
  );
  if (unsafe || path.includes("\0") || (sep === "\\" && /[\\:]/.test(path)))
    throw new Failure("failed", `the version holds ${JSON.stringify(path)}, which is not written here`, {
      code: "unsafe_path",
    });
  return join(folder, ...segments);
}

/** Makes the folders above it, none of them through a link that leads out. */
export async function makeRoom(folder: string, target: string): Promise<void> {
  const root = await realpath(folder);
  const above = dirname(target);
  await requireInside(root, above);
  await mkdir(above, { recursive: true });
  const real = join(await realpath(above), basename(target));
  if (!real.startsWith(root + sep)) throw outside(target, folder);
  if ((await lstat(target).catch(() => null))?.isDirectory())
    throw new Failure("failed", `${target} is a folder, and a file is to be there: remove it`);
}

/** The nearest folder that exists; `mkdir` would follow a link. */
async function requireInside(root: string, folder: string): Promise<void> {
  const real = await realpath(folder).catch(() => null);
  if (real === null) return requireInside(root, dirname(folder));
  if (real !== root && !real.startsWith(root + sep)) throw outside(folder, root);
}

function outside(target: string, folder: string): Failure {
  return new Failure("failed", `${target} lies outside of ${folder}, by way of a link: remove the link`, {
    code: "unsafe_path",
  });
}
