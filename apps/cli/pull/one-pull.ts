import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, readFile, rename, rm, rmdir } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { makeParts, openPart } from "./part.ts";

/*
 * .slipway-pull/lock   {"id", "host", "pid"} of the pull that is at it, which touches it each second
 *
 * One that is no longer touched is of a pull that was killed, here or in a container that is gone: the next takes its
 * place. Node has no lock that a kernel would give back.
 */
const beatMs = 1_000;
const silentMs = 4_000;
const exclusive = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
const readable = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Does it while no other pull is at these parts; throws `unavailable` where one is. `requireOurs` throws where another
 *  has taken this one, stopped for long, for dead. The folder is gone afterwards if nothing is left in it. */
export async function onePull<Result>(
  parts: string,
  signal: AbortSignal,
  pull: (requireOurs: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const place = join(parts, "lock");
  const owner = JSON.stringify({ id: randomUUID(), host: hostname(), pid: process.pid });
  const handle = await take(place, owner, signal);
  const beat = setInterval(() => void handle.utimes(new Date(), new Date()).catch(() => {}), beatMs);
  const isOurs = async () => (await readFile(place, "utf8").catch(() => null)) === owner;
  try {
    return await pull(async () => {
      if (!(await isOurs())) throw busy(place);
    });
  } finally {
    clearInterval(beat);
    await handle.close();
    if (await isOurs()) await rm(place, { force: true });
    await rmdir(parts).catch(() => {}); // left where there are parts in it, of this or another version
  }
}

async function take(place: string, owner: string, signal: AbortSignal): Promise<FileHandle> {
  for (;;) {
    await makeParts(dirname(place)); // a pull that has just ended has removed it
    try {
      const handle = await openPart(place, exclusive);
      await handle.writeFile(owner);
      return handle;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") continue;
      if (code !== "EEXIST") throw error;
    }
    const left = await look(place);
    if (left === null) continue;
    if (await isAlive(place, left, signal)) throw busy(place);
    await putAside(place, left.owner);
  }
}

interface Left {
  owner: string;
  touchedMs: number;
}

async function look(place: string): Promise<Left | null> {
  let handle: FileHandle;
  try {
    handle = await openPart(place, readable);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    return { owner: await handle.readFile("utf8"), touchedMs: (await handle.stat()).mtimeMs };
  } finally {
    await handle.close();
  }
}

/** By its process where that was on this machine and is gone; else by whether it is touched, whatever the clocks say. */
async function isAlive(place: string, left: Left, signal: AbortSignal): Promise<boolean> {
  if (isGone(left.owner)) return false;
  for (let waitedMs = 0; waitedMs < silentMs; waitedMs += 200) {
    await sleep(200, undefined, { signal });
    const now = await look(place);
    if (now === null) return false;
    if (now.owner !== left.owner || now.touchedMs !== left.touchedMs) return true;
  }
  return false;
}

function isGone(owner: string): boolean {
  try {
    const { host, pid } = JSON.parse(owner) as { host?: unknown; pid?: unknown };
    if (host !== hostname() || typeof pid !== "number") return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Of several that find the same, one moves it away; what another has put there meanwhile is given back. */
async function putAside(place: string, owner: string): Promise<void> {
  const aside = `${place}-${randomUUID()}`;
  try {
    await rename(place, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const found = await readFile(aside, "utf8");
  if (found !== owner) await link(aside, place).catch(() => {});
  await rm(aside, { force: true });
  if (found !== owner) throw busy(place);
}

function busy(place: string): Failure {
  const folder = dirname(dirname(place));
  return new Failure(
    "unavailable",
    `another pull is at ${folder}: run this again when it is done, or name another folder`,
  );
}
