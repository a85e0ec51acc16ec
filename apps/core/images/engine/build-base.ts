import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { digestOf } from "#core/artifacts/digest.ts";
import type { NetworkConfig } from "#core/config.ts";
import { within } from "#core/within.ts";
import { aptOptions, withAptSources } from "../bases/apt-sources.ts";
import { debianError } from "../bases/debian-error.ts";
import type { BuildContext } from "../image-builder.ts";
import { seconds } from "../measures.ts";
import { runCommand } from "../run-command.ts";
import { requireEngine, statusOf } from "./engine-answers.ts";
import { keptLabel, runLabel } from "./labels.ts";
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
const answerMs = 60_000;
const name = "slipway-build-base";
/** Of one that is not whole yet. */
const making = "making-";

/** What commands run in where the base is made of Debian packages and has no shell: a small Debian of the same suite,
 *  with apt, and with pip, which each making of wheels would begin by installing. It is made by mmdebstrap and kept in the
 *  engine under its name, which it gets when it is whole. Nothing of it is in an image that is pushed, and nothing of the
 *  mirrors' list, which may hold passwords, is in it. */
export async function ensureDebianBuildBase(
  engine: Engine,
  base: DebianBuildBase,
  { log, signal }: BuildContext,
): Promise<string> {
  const tag = `${base.suite}-${digestOf(JSON.stringify([4, base.suite, base.network.aptMirrors])).slice(7, 19)}`;
  const reference = `${name}:${tag}`;
  await requireEngine(engine);
  const { docker } = engine;
  const known = await within(answerMs, docker.listImages({ filters: { reference: [reference] } }));
  if (known.length > 0) return reference;
  const startedAt = performance.now();
  const unfinished = `${making}${randomUUID()}`;
  log(`build base ${reference}: fetching Debian packages`);
  try {
    await withAptSources(base, async (sources) => {
      const { exitCode, stderr } = await runCommand({
        file: base.mmdebstrap,
        args: [
          ...["--variant=apt", "--architectures=amd64", "--format=tar", "--include=ca-certificates,python3-pip"],
          // It is made again where a crash spoils it.
          "--dpkgopt=force-unsafe-io",
          `--mode=${process.getuid?.() === 0 ? "root" : "unshare"}`,
          ...aptOptions(sources),
          // Steps are given the list, as a file that goes with them.
          ...(sources.lists.length > 0 ? [`--customize-hook=${forgetSources}`] : []),
          `--customize-hook=${forgetOptions}`,
          ...[base.suite, "-", ...sources.lists],
        ],
        environment: base.environment,
        signal,
        limitMs,
        consume: async (stdout) => importTar(docker, stdout, unfinished, signal),
      });
      if (exitCode !== 0)
        throw new Error(`mmdebstrap could not make the build base of ${base.suite}: ${debianError(stderr)}`);
    });
    const image = docker.getImage(`${name}:${unfinished}`);
    await within(answerMs, image.tag({ repo: name, tag }));
  } finally {
    // Takes the name away; the image as well where it has no other one.
    await docker
      .getImage(`${name}:${unfinished}`)
      .remove({ abortSignal: AbortSignal.timeout(answerMs) })
      .catch(() => {});
  }
  log(`build base ${reference}: made in ${seconds(startedAt)}`);
  return reference;
}

/** What apt was told for this alone: it would count for more than what steps are given. `$1` is the root. */
const forgetOptions = 'rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap';
const forgetSources = 'rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/var/lib/apt/lists/*';

/** Removes those that killed workers left half-made: all that have no name of their own, when nobody makes them any more. */
export async function removeAbandonedBases({ docker }: Engine, nowMs: number): Promise<void> {
  const limit = AbortSignal.timeout(answerMs);
  const filters = { label: [keptLabel] };
  for (const { Id, RepoTags, Created, Labels } of await docker.listImages({ filters, abortSignal: limit })) {
    const isNamed = (RepoTags ?? []).some((tag) => !tag.startsWith(`${name}:${making}`) && !tag.startsWith("<none>"));
    // What a run makes on a base has the base's labels, and is removed with the run.
    if (isNamed || Labels?.[runLabel] !== undefined || Created * 1_000 + 2 * limitMs > nowMs) continue;
    await docker.getImage(Id).remove({ abortSignal: limit }).catch(ifGone);
  }
}

/** Gone already, or in use. */
function ifGone(error: unknown): void {
  if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
}

async function importTar(docker: Engine["docker"], tar: Readable, tag: string, signal: AbortSignal): Promise<void> {
  const changes = `LABEL ${keptLabel}=${tag}`;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const body = (await docker.importImage(tar, { repo: name, tag, changes, abortSignal: limited })) as Readable;
  const stop = (): void => void body.destroy(limited.reason as Error);
  limited.addEventListener("abort", stop, { once: true });
  body.on("error", () => {});
  try {
    for await (const row of readRows(body))
      if (row.error !== undefined) throw new Error(`the engine could not take the build base: ${row.error}`);
  } finally {
    limited.removeEventListener("abort", stop);
  }
}
