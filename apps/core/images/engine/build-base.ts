import type { Readable } from "node:stream";
import { digestOf } from "#core/artifacts/digest.ts";
import type { NetworkConfig } from "#core/config.ts";
import { aptOptions, withAptSources } from "../bases/apt-sources.ts";
import type { BuildContext } from "../image-builder.ts";
import { seconds } from "../measures.ts";
import { runCommand } from "../run-command.ts";
import { requireEngine } from "./engine-answers.ts";
import { keptLabel } from "./labels.ts";
import type { Engine } from "./open-engine.ts";
import { readRows } from "./rows.ts";

export interface DebianBuildBase {
  suite: string;
  mmdebstrap: string;
  scratchDir: string;
  environment: Readonly<Record<string, string>>;
  network: NetworkConfig;
}

const limitMs = 10 * 60_000;
const name = "slipway-build-base";

/** What commands run in where the base is made of Debian packages and has no shell: a small Debian of the same suite,
 *  with apt, made by mmdebstrap and kept in the engine under its name. Nothing of it is in an image that is pushed. */
export async function ensureDebianBuildBase(
  engine: Engine,
  base: DebianBuildBase,
  { log, signal }: BuildContext,
): Promise<string> {
  const tag = `${base.suite}-${digestOf(JSON.stringify([1, base.suite, base.network.aptMirrors])).slice(7, 19)}`;
  const reference = `${name}:${tag}`;
  await requireEngine(engine);
  const { docker } = engine;
  const known = await docker.listImages({ filters: { reference: [reference] } });
  if (known.length > 0) return reference;
  const startedAt = performance.now();
  log(`build base ${reference}: fetching Debian packages`);
  await withAptSources(base, async (sources) => {
    const { exitCode, stderr } = await runCommand({
      file: base.mmdebstrap,
      args: [
        ...["--variant=apt", "--architectures=amd64", "--format=tar", "--include=ca-certificates"],
        // It is made again where a crash spoils it.
        "--dpkgopt=force-unsafe-io",
        `--mode=${process.getuid?.() === 0 ? "root" : "unshare"}`,
        ...aptOptions(sources),
        ...[base.suite, "-", ...sources.lists],
      ],
      environment: base.environment,
      signal,
      limitMs,
      consume: async (stdout) => importTar(docker, stdout, tag, signal),
    });
    if (exitCode !== 0)
      throw new Error(`mmdebstrap could not make the build base of ${base.suite}: ${stderr.trim().split("\n").at(-1)}`);
  });
  log(`build base ${reference}: made in ${seconds(startedAt)}`);
  return reference;
}

async function importTar(docker: Engine["docker"], tar: Readable, tag: string, signal: AbortSignal): Promise<void> {
  const changes = `LABEL ${keptLabel}=${tag}`;
  const body = await docker.importImage(tar, { repo: name, tag, changes, abortSignal: signal });
  body.on("error", () => {});
  for await (const row of readRows(body as Readable))
    if (row.error !== undefined) throw new Error(`the engine could not take the build base: ${row.error}`);
}
