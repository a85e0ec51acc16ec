import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Build, isFinished, readBuild } from "#core/builds/build.ts";
import { type LogLine, readBuildLog } from "#core/builds/build-log.ts";
import type { Registry } from "#core/registry.ts";

const pollMs = 250;
const batch = 1_000;
/** Proxies end a connection that is silent for a minute. */
const keepAliveMs = 15_000;

interface Following {
  after: number;
  signal: AbortSignal;
}

/** `2026-11-23T10:00:00.000Z resolved 23 packages`, a line each. */
export function followAsText(
  registry: Pick<Registry, "db">,
  buildId: string,
  { follow, signal }: { follow: boolean; signal: AbortSignal },
): Readable {
  return Readable.from(
    (async function* () {
      for await (const lines of batches(registry, buildId, { after: 0, signal }, follow))
        if (lines.length > 0) yield lines.map((line) => `${line.at.toISOString()} ${line.text}\n`).join("");
    })(),
    { objectMode: false },
  );
}

/** Server-sent events (WHATWG HTML §9.2): `line` for each line, with its number as id, and `end` with the
 *  build's status and error. */
export function followAsEvents(registry: Pick<Registry, "db">, buildId: string, following: Following): Readable {
  return Readable.from(
    (async function* () {
      let silentSince = Date.now();
      for await (const lines of batches(registry, buildId, following, true)) {
        if (lines.length > 0) yield lines.map(lineEvent).join("");
        else if (Date.now() - silentSince > keepAliveMs) yield ": waiting\n\n";
        else continue;
        silentSince = Date.now();
      }
      if (!following.signal.aborted) yield endEvent(await readBuild(registry, buildId));
    })(),
    { objectMode: false },
  );
}

function lineEvent({ seq, at, text }: LogLine): string {
  return `id: ${seq}\nevent: line\ndata: ${JSON.stringify({ at: at.toISOString(), text })}\n\n`;
}

function endEvent({ status, error }: Build): string {
  return `event: end\ndata: ${JSON.stringify({ status, error })}\n\n`;
}

/** What the log holds, batch by batch; with `follow` until the build has ended, an empty batch where nothing came. */
async function* batches(
  registry: Pick<Registry, "db">,
  buildId: string,
  { after, signal }: Following,
  follow: boolean,
): AsyncGenerator<LogLine[]> {
  let last = after;
  while (!signal.aborted) {
    const { status, lines } = await readBuildLog(registry, buildId, last, batch);
    yield lines;
    last = lines.at(-1)?.seq ?? last;
    if (lines.length === batch) continue;
    if (!follow || isFinished(status)) return;
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
}
