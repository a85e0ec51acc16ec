import { existsSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { registryToolPath } from "#standalone/setup/registry-tools.mjs";
import { commandOutput, secondsOf } from "../command.ts";

const tools = ["oras", "crane"] as const;
export type RegistryTool = (typeof tools)[number];

/** Those that the set-up made. */
export function registryTools(): RegistryTool[] {
  return tools.filter((tool) => existsSync(registryToolPath(tool)));
}

/** Seconds of `oras push` with files of one folder, each a layer as it is. */
export function pushByOras(registryHost: string, repository: string, paths: readonly string[]): Promise<number> {
  const [first = ""] = paths;
  const files = paths.map((path) => `${basename(path)}:application/vnd.oci.image.layer.v1.tar`);
  const args = ["push", "--plain-http", "--no-tty", `${registryHost}/${repository}:1`, ...files];
  return secondsOf(() => commandOutput(registryToolPath("oras"), args, dirname(first)));
}

/** Seconds of `crane append`, which takes an archive and lays it as a layer upon a base. That the archive is made is not in
 *  the seconds. */
export async function appendByCrane(
  registryHost: string,
  repository: string,
  path: string,
  base: string,
): Promise<number> {
  const archive = `${path}.tar`;
  await commandOutput("tar", ["--create", "--file", archive, "--directory", dirname(path), basename(path)]);
  await commandOutput("sync", []);
  const args = ["append", "--insecure", "-b", base, "-f", archive, "-t", `${registryHost}/${repository}:1`];
  try {
    return await secondsOf(() => commandOutput(registryToolPath("crane"), args));
  } finally {
    rmSync(archive);
  }
}
