import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { referToBlobs } from "#core/artifacts/blobs.ts";
import { collectGarbage } from "#core/artifacts/collect-garbage.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

it("under load, nothing that is referred to goes, and all that is not goes one round after the grace time", async () => {
  const service = await testService();
  const { db, blobs } = service.registry;
  const { call } = service;
  const graceMs = 300;
  const collect = () => collectGarbage({ db, blobs }, { graceMs, signal: new AbortController().signal });
  const ending = new AbortController();
  const until = async (work: () => Promise<unknown>) => {
    while (!ending.signal.aborted) await work();
  };
  // Few contents, so that the same bytes are let go and brought back all the time.
  const contents = Array.from({ length: 6 }, (_, index) => `content ${index}`);
  const any = () => contents[Math.floor(Math.random() * contents.length)] ?? "";
  const acknowledged = new Map<string, string>();
  let made = 0;
  const upload = async () => {
    const version = `1.0.${made++}`;
    const path = `/v1/models/m/versions/${version}`;
    if ((await call("POST", "/v1/models/m/versions", { json: { version } })).status !== 201) return;
    for (const file of ["a", "b", "src/predictor.py"]) {
      const text = file === "a" ? `own ${version}` : any();
      const put = await call("PUT", `${path}/files/${file}`, { bytes: text });
      if (put.status === 201) acknowledged.set(`${path}/files/${file}`, text);
      else expect([put.status, put.json.detail]).toEqual([503, expect.stringContaining("took longer")]);
    }
    if (Math.random() < 0.3) await call("POST", `${path}/seal`);
    else if (Math.random() < 0.8 && (await call("DELETE", path)).status === 204)
      for (const file of acknowledged.keys()) if (file.startsWith(`${path}/`)) acknowledged.delete(file);
  };
  const orphan = () =>
    blobs.put(randomBytes(16).toString("hex") as BlobKey, Readable.from([Buffer.from(any())])).then(() => sleep(50));
  const copy = async () => {
    const from = await db.version.findFirst({ where: { deletedAt: null }, orderBy: { number: "desc" } });
    const files = from === null ? [] : await db.versionFile.findMany({ where: { versionId: from.id } });
    await db.$transaction(async (tx) => {
      const there = await referToBlobs(
        tx,
        files.map(({ blobDigest }) => blobDigest as Digest),
      );
      const target = await tx.version.findFirst({ where: { semver: "0.0.1" } });
      if (target === null) throw new Error("the version to copy into is gone");
      for (const { path, blobDigest, sizeBytes } of files.filter((file) => there.has(file.blobDigest as Digest))) {
        const name = `${path}-${made++}`;
        await tx.versionFile.create({
          data: { versionId: target.id, path: name, foldedPath: name, blobDigest, sizeBytes },
        });
      }
      if (Math.random() < 0.3) await tx.versionFile.deleteMany({ where: { versionId: target.id } });
    });
  };
  await draftOf(service, "m", "0.0.1");
  const rounds = { count: 0, swept: 0 };
  const collecting = until(async () => {
    const { blobs: swept, fault } = await collect();
    expect(fault).toBeNull();
    rounds.count += 1;
    rounds.swept += swept;
  });
  const working = [upload, upload, upload, upload, orphan, copy].map(until);
  await sleep(5_000);
  await waitUntil("rounds have swept", async () => rounds.count > 5 && rounds.swept > 20, { withinMs: 45_000 });
  ending.abort();
  await Promise.all([collecting, ...working]);

  for (const [path, text] of acknowledged) expect((await call("GET", path)).bytes.toString(), path).toBe(text);
  await sleep(graceMs + 1_100);
  await collect();
  await sleep(graceMs);
  await collect();
  const referred = await db.versionFile.findMany({ distinct: ["blobDigest"], select: { blobDigest: true } });
  expect((await db.blob.findMany()).map(({ digest }) => digest).sort()).toEqual(
    referred.map(({ blobDigest }) => blobDigest).sort(),
  );
  const keys = (await db.blob.findMany()).map(({ key }) => key).sort();
  expect(await storedObjects(service.registry)).toEqual(keys);
}, 240_000);
