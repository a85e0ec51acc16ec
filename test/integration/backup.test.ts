import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { collectGarbage } from "#core/artifacts/collect-garbage.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import type { ArtifactsConfig } from "#core/config.ts";
import { migrate } from "#core/database/migrate.ts";
import { backUpPostgres, copyOf, ownPostgres } from "#test/database-backup.ts";
import { serviceCommand } from "#test/service-command.ts";
import { copyOfStore, storeSettingsOf } from "#test/store-copy.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { findingsOf, isDamage } from "#test/verified.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const hour = 3_600_000;
const storeOf = ({ registry }: TestService) => registry.config.artifacts;
const serviceOn = (databaseUrl: string, store: ArtifactsConfig) =>
  testService({ DATABASE_URL: databaseUrl, ...storeSettingsOf(store) });

/** Uploads and deletes until it is ended, beside a collector; says what was acknowledged and not deleted since. */
function keepWriting(service: TestService) {
  const acknowledged = new Map<string, string>();
  let [ended, made] = [false, 0];
  const write = async () => {
    while (!ended) {
      const version = `1.0.${made++}`;
      const path = `/v1/models/m/versions/${version}`;
      await service.call("POST", "/v1/models/m/versions", { json: { version } });
      const text = `written ${version}`;
      const put = await service.call("PUT", `${path}/files/a.bin`, { bytes: text });
      if (put.status === 201) acknowledged.set(`${path}/files/a.bin`, text);
      if (made % 5 === 0 && acknowledged.delete(`${path}/files/a.bin`)) await service.call("DELETE", path);
    }
  };
  const collect = async () => {
    while (!ended) {
      await collectGarbage(service.registry, { graceMs: hour, signal: new AbortController().signal });
      await sleep(50);
    }
  };
  const running = Promise.all([write(), write(), collect()]);
  return {
    acknowledged,
    async end() {
      ended = true;
      await running;
    },
  };
}

async function expectReadable({ call }: TestService, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, text] of files) {
    const { status, bytes } = await call("GET", path);
    expect([path, status, bytes.toString()]).toEqual([path, 200, text]);
  }
}

it("a backup under load, database first and store second, restores to a service that has all that was acknowledged", async () => {
  const postgres = await ownPostgres();
  await migrate(postgres.url);
  const live = await testService({ DATABASE_URL: postgres.url });
  await draftOf(live, "m", "0.0.1");
  const writing = keepWriting(live);
  const reaches = (count: number) =>
    waitUntil(`${count} files are acknowledged`, async () => writing.acknowledged.size >= count, { withinMs: 60_000 });
  await reaches(20);

  const inTime = new Map(writing.acknowledged);
  const databaseBackup = await backUpPostgres(postgres);
  await reaches(writing.acknowledged.size + 5); // a large database takes longer
  const storeBackup = await copyOfStore(storeOf(live));
  const afterIt = writing.acknowledged.size;
  await reaches(afterIt + 5);
  await writing.end();

  // Database and store of the backup: nothing is missing, and what the store got later is left over.
  const older = await ownPostgres(await copyOf(databaseBackup));
  const restored = await serviceOn(older.url, await copyOfStore(storeBackup));
  await expectReadable(restored, inTime);
  const findings = await findingsOf(restored.registry);
  expect(findings.filter(isDamage)).toEqual([]);
  expect(findings.length).toBeGreaterThan(0);
  const keys = (await live.registry.db.blob.findMany()).map(({ key }) => key);
  for (const finding of findings) expect(keys).toContain(finding.key);

  // The same database on the store as it went on: nothing is missing either, since the grace time is longer.
  const onLiveStore = await serviceOn(older.url, storeOf(live));
  await expectReadable(onLiveStore, inTime);
  expect((await findingsOf(onLiveStore.registry)).filter(isDamage)).toEqual([]);

  // What is left over goes once the grace time is over.
  await sleep(20);
  await collectGarbage(restored.registry, { graceMs: 0, signal: new AbortController().signal });
  expect(await findingsOf(restored.registry)).toEqual([]);
  await expectReadable(restored, inTime);
}, 300_000);

it("a store that is older than its database: the verify command names the key and the files of what is missing, and is content when it is back", async () => {
  const live = await testService();
  await draftOf(live, "m", "1.0.0", { "a.bin": "in the backup" });
  const older = await copyOfStore(storeOf(live));
  await draftOf(live, "m", "1.1.0", { "b.bin": "after it" });
  const settings = storeSettingsOf(older);
  const { code, output } = await serviceCommand(live, "verify-artifacts", ["--json"], settings);
  const { key } = await live.registry.db.blob.findUniqueOrThrow({
    where: { digest: digestOf(Buffer.from("after it")) },
  });
  expect([code, JSON.parse(output)]).toEqual([
    1,
    {
      blobs: 2,
      sizeBytes: 21,
      damaged: 1,
      leftovers: 0,
      findings: [
        expect.objectContaining({
          what: "missing",
          digest: digestOf(Buffer.from("after it")),
          key,
          files: ["m:1.1.0/b.bin"],
        }),
      ],
    },
  ]);
  const blobs = openBlobStore(older);
  whenDone(() => blobs.close());
  await blobs.put(key as BlobKey, await live.registry.blobs.open(key as BlobKey));
  expect((await serviceCommand(live, "verify-artifacts", [], settings)).code).toBe(0);
});
