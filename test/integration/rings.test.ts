import { randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { finished, sealed } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { verifyRecord } from "../kill/verify-record.ts";

describe("work that is rung for more than once", async () => {
  const service = await testService({ SLIPWAY_RECONCILE_SECONDS: "0.2" });
  const { db, config, doorbell } = service.registry;
  const connection = new Redis(config.queue.url, { maxRetriesPerRequest: null });
  const queue = new Queue<{ workId: string }>("work", { connection, prefix: config.queue.prefix });
  whenDone(async () => {
    await queue.close();
    connection.disconnect();
  });
  let built = 0;
  const builder = smallImageBuilder(async () => {
    built += 1;
  });
  for (const name of ["first", "second", "third"]) testWorker(service.registry, builder, name);

  it("is done once, by one of all workers that hear it at the same time", async () => {
    const { buildId } = await sealed(service, "rung", "1.0.0");
    const { id } = await db.work.findFirstOrThrow({ where: { subjectId: buildId } });
    await Promise.all(Array.from({ length: 50 }, (_, attempt) => doorbell.ring(id, attempt)));
    expect(await finished(service, buildId)).toMatchObject({ status: "succeeded", attempt: 1 });
    await allHeard();
    expect(built).toBe(1);
    await verifyRecord(db);
  });

  it("is not done again when it is done, and none is done that nobody asked for", async () => {
    const done = await db.work.findFirstOrThrow({ where: { state: "done" } });
    const before = await db.auditEntry.count();
    await queue.addBulk(
      [done.id, randomUUID(), done.id, "no id at all", ""].flatMap((workId) =>
        Array.from({ length: 10 }, () => ({ name: "look", data: { workId }, opts: { removeOnComplete: true } })),
      ),
    );
    await allHeard();
    expect(built).toBe(1);
    expect(await db.auditEntry.count()).toBe(before);
    expect(await db.work.findUnique({ where: { id: done.id } })).toEqual(done);
    const { buildId } = await sealed(service, "rung", "1.0.1");
    expect((await finished(service, buildId)).status).toBe("succeeded");
    await verifyRecord(db);
  });

  async function allHeard(): Promise<void> {
    await waitUntil("the queue is empty", async () => {
      const { waiting = 0, active = 0 } = await queue.getJobCounts("waiting", "active");
      return waiting + active === 0;
    });
  }
});
