import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "#standalone/setup/run-command.mjs";
import { temporaryFolder } from "./temporary-folder.ts";

/** The `slipway` command as npm installs it: the path of its archive. */
export async function packedCommand(): Promise<string> {
  const folder = temporaryFolder();
  await promisify(execFile)(process.execPath, [join(root, "apps/cli/pack.mjs"), folder]);
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return join(folder, `slipway-cli-${version}.tgz`);
}
