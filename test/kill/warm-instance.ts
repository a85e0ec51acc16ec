import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";
import { giveMade, sharedCache, takeBase } from "#test/made-before.ts";
import { waitUntil } from "#test/wait-until.ts";
import { ciClient } from "./ci-client.ts";
import { killableInstance, type WarmInstance } from "./instance.ts";
import { openJournal } from "./journal.ts";
import { smallPackage } from "./packages.ts";
import { seededRandom } from "./random.ts";

/** The model that the warm instance has made; its image is in a registry that is gone. */
export const warmModel = "warm";

/*
 * <made>/warm/postgres/data    a cluster that was stopped in good order
 *                   artifacts/       its blobs: base, runtime, one small package
 */

/** An instance that has made its base and its first runtime, so that a test can begin with what it is about. The first
 *  test file that asks makes it; where another suite's does so at the same time, the one that has it first gives it. */
export async function warmInstance(): Promise<WarmInstance> {
  const folder = join(inject("madeFolder"), "warm");
  const cacheDir = sharedCache();
  if (existsSync(folder)) return { folder, cacheDir };
  const unfinished = `${folder}-${process.pid}`;
  const artifactsDir = join(unfinished, "artifacts");
  mkdirSync(unfinished, { recursive: true, mode: 0o711 });
  const instance = await killableInstance({
    warm: null,
    apis: 1,
    workers: 1,
    settings: { SLIPWAY_CACHE_DIR: cacheDir },
    folders: { postgres: join(unfinished, "postgres"), artifacts: artifactsDir },
  });
  const made = { db: instance.db, artifactsDir };
  await takeBase(made);
  const random = seededRandom(1);
  const ports = instance.apis.map(({ port }) => port);
  const client = ciClient({ ports, random, journal: openJournal(), onSending: () => {} });
  await client.release({ model: warmModel, version: "1.0.0", files: smallPackage(random), way: "files" });
  const status = await client.ended(warmModel, "1.0.0");
  if (status !== "ready") throw new Error(`the first version of the instance is ${status}`);
  // Its registry is not there any more where it is copied to.
  const { work } = instance.db;
  await waitUntil("all work is done", async () => (await work.count({ where: { state: { not: "done" } } })) === 0, {
    withinMs: 120_000,
  });
  await giveMade(made);
  await instance.stopAll();
  execFileSync("sync", ["-f", unfinished]);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(unfinished, { recursive: true });
  }
  return { folder, cacheDir };
}
