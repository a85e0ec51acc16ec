import { createHash, randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, it } from "vitest";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { freePort } from "#standalone/free-port.ts";
import { openLedger } from "#standalone/ledger.ts";
import { expectHonest, type Sent } from "#test/honest-store.ts";
import { type S3ServerName, startS3Server } from "#test/s3-servers.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { describeWithBucket, newBucket } from "#test/test-bucket.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const mebibyte = 1024 ** 2;
const kills = 4;
const clients = 6;
/** A part, more than one, less than one. */
const sizesInMebibytes = [1, 7, 12, 20];

for (const name of ["versitygw", "minio"] as const satisfies S3ServerName[])
  describeWithBucket(`${name}, killed and started again under uploads`, name, async () => {
    const folder = temporaryFolder();
    const { accessKeyId, secretAccessKey } = inject("s3");
    const ledger = openLedger(join(folder, "processes.json"));
    const options = { folder, port: await freePort(), accessKeyId, secretAccessKey, ledger };
    let { child, endpoint } = await startS3Server(name, options);
    whenDone(() => child.stop(0));
    const { config, settings } = await newBucket(endpoint);
    const service = await testService(settings);
    const store = openBlobStore({ dir: "", s3: config, leastFreeBytes: 0 });
    whenDone(() => store.close());

    it("has every file that was acknowledged, and the service goes on by itself", async () => {
      await draftOf(service, "model", "1.0.0");
      const version = "/v1/models/model/versions/1.0.0";
      const sent: Sent = { acknowledged: new Map(), unanswered: new Set() };
      const statuses = new Set<number>();
      let ending = false;
      const client = async (own: number) => {
        for (let count = 0; !ending; count++) {
          const path = `${own}/${count}.bin`;
          const bytes = randomBytes((sizesInMebibytes[count % sizesInMebibytes.length] ?? 1) * mebibyte);
          sent.unanswered.add(path);
          const answer = await service.call("PUT", `${version}/files/${path}`, { bytes }).catch(() => null);
          if (answer === null) continue;
          sent.unanswered.delete(path);
          statuses.add(answer.status);
          if (answer.status === 201) sent.acknowledged.set(path, createHash("sha256").update(bytes).digest("hex"));
        }
      };
      const uploading = Promise.all(Array.from({ length: clients }, (_, own) => client(own)));
      for (let kill = 0; kill < kills; kill++) {
        await sleep(randomInt(400, 1_500));
        child.kill();
        await child.exited;
        // Shorter or longer than the store is tried again.
        await sleep(kill % 2 === 0 ? 0 : 1_500);
        ({ child, endpoint } = await startS3Server(name, options));
      }
      await sleep(1_000);
      ending = true;
      await uploading;
      expect(statuses).toEqual(new Set([201, 503]));
      await waitUntil("the store is back", async () => (await service.call("GET", "/readyz")).status === 200);
      await expectHonest(service, store, version, sent, "parts and objects");
    });
  });
