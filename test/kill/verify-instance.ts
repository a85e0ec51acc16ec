import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { findingsOf, isDamage } from "#test/verified.ts";
import { waitUntil } from "#test/wait-until.ts";
import { exchange } from "./exchange.ts";
import type { KillableInstance } from "./instance.ts";
import type { Journal } from "./journal.ts";
import { orphansIn, type RunningProcess } from "./orphans.ts";
import { verifyImages } from "./verify-images.ts";
import { verifyRecord } from "./verify-record.ts";

/** What is left on disk that no row names: allowed, and listed. */
export interface Leftovers {
  bytesWithoutRow: number;
  unfinishedParts: number;
}

/** Holds an instance at rest against everything that it acknowledged and everything that it promises, from outside
 *  (HTTP), inside (rows) and beside it (store, registry, processes). */
export async function verifyInstance(instance: KillableInstance, journal: Journal): Promise<Leftovers> {
  expect(journal.wrongAnswers, "no answer is a 5xx but an honest 503").toEqual([]);
  await waitUntil(
    "all work is done",
    async () => (await instance.db.work.count({ where: { state: { not: "done" } } })) === 0,
    {
      withinMs: 120_000,
    },
  );
  await verifyAcknowledged(instance, journal);
  await verifyRecord(instance.db);
  await verifyImages(instance);
  await verifyProcesses(instance);
  const findings = await findingsOf({ db: instance.db, blobs: fileBlobStore(instance.artifactsDir) });
  expect(findings.filter(isDamage), "every row has its bytes").toEqual([]);
  return {
    bytesWithoutRow: findings.length,
    unfinishedParts: readdirSync(join(instance.artifactsDir, "parts")).length,
  };
}

/** From outside, through any API: what was acknowledged is there, byte for byte. */
async function verifyAcknowledged({ apis, db }: KillableInstance, journal: Journal): Promise<void> {
  const port = apis[0]?.port ?? 0;
  /** Asked again where the machine stood still for longer than an API waits for Postgres. */
  const get = (path: string) =>
    waitUntil(`${path} is answered`, async () => {
      const answer = await exchange({ port, method: "GET", path });
      return answer.status === 503 ? null : answer;
    });
  for (const model of journal.models) expect((await get(`/v1/models/${model}`)).status, model).toBe(200);
  for (const name of journal.versions) {
    const [model, version] = name.split(":");
    const read = await get(`/v1/models/${model}/versions/${version}`);
    expect(read.status, name).toBe(200);
    if (!journal.sealed.has(name)) continue;
    expect(read.json.sealedAt, `${name} was sealed`).not.toBeNull();
    const acknowledged = journal.sealed.get(name);
    if (acknowledged !== null) expect(read.json.contentDigest, `content of ${name}`).toBe(acknowledged);
  }
  for (const { version: name, path, digest } of journal.files.slice(journal.readBack)) {
    const [model, version] = name.split(":");
    const read = await get(`/v1/models/${model}/versions/${version}/files/${path}`);
    expect([read.status, digestOf(read.bytes)], `${name}/${path}`).toEqual([200, digest]);
  }
  journal.readBack = journal.files.length;
  for (const { model, tag, revision, version } of journal.moves) {
    const move = await db.tagMove.findFirst({ where: { model: { name: model }, tag, revision } });
    expect(move?.toVersion, `${model}:${tag} at revision ${revision}`).toBe(version);
  }
}

/** Nothing runs on whose worker or API is gone, once it has been killed in its turn. */
export async function verifyProcesses(instance: KillableInstance): Promise<void> {
  await expect.poll(() => orphansOf(instance)).toEqual([]);
}

export function orphansOf(instance: KillableInstance): RunningProcess[] {
  const { folder, scratchDir, apis, workers, postgres, redis, registry } = instance;
  const living = [...apis, ...workers].map(({ process }) => process.pid);
  const parts = [postgres, redis, registry].map(({ pid }) => pid);
  return orphansIn([folder, scratchDir], [...living, ...parts, process.pid]);
}
