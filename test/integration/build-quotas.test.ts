import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { buildWork } from "#core/builds/build.ts";
import { mayBegin } from "#core/builds/line.ts";
import { claimWork } from "#core/work/work.ts";
import { finished, sealed } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const setQuota = async (pattern: string, limits: Record<string, number>, on: TestService) => {
  const answer = await on.call("PUT", `/v1/quotas/${pattern}`, { json: limits });
  if (answer.status > 201) throw new Error(`the quota answered ${answer.status}: ${JSON.stringify(answer.json)}`);
};

describe("a quota of builds at once", async () => {
  const quick = { SLIPWAY_RECONCILE_SECONDS: "0.3" };
  const building = await testService(quick);
  const running: string[] = [];
  const began: string[] = [];
  let most = 0;
  let hold = true;
  const builder = () =>
    smallImageBuilder(async (_attempt, { model }, { signal }) => {
      running.push(model);
      began.push(model);
      most = Math.max(most, running.filter((name) => name.startsWith("line.")).length);
      while (hold && !signal.aborted) await sleep(20);
      running.splice(running.indexOf(model), 1);
      signal.throwIfAborted();
    });
  for (const name of ["one", "two"]) testWorker(building.registry, builder(), name);
  const read = async (id: string) => (await building.call("GET", `/v1/builds/${id}`)).json;

  it("lets the others wait in line, past whom builds of other models go, and goes on in order of time", async () => {
    await setQuota("line.*", { buildsAtOnce: 1 }, building);
    const ids: string[] = [];
    for (const model of ["line.a", "line.b", "line.c"]) ids.push((await sealed(building, model, "1.0.0")).buildId);
    const [first = "", second = "", third = ""] = ids;
    const other = await sealed(building, "other", "1.0.0");
    for (const model of ["line.a", "other"])
      await waitUntil(`the build of ${model} runs`, async () => running.includes(model));
    for (const id of [second, third])
      await waitUntil("it says what it waits for", async () => (await read(id)).waiting !== null);
    expect(await read(first)).toMatchObject({ status: "running", waiting: null });
    expect(await read(second)).toMatchObject({
      status: "queued",
      attempt: 0,
      startedAt: null,
      waiting: { for: "its turn: the quota of line.* for builds at once is reached", until: null },
    });
    expect((await building.call("GET", "/v1/models/line.b/versions/1.0.0")).json.status).toBe("sealed");
    expect((await building.call("GET", "/v1/quotas")).json.items[0].buildsAtOnce).toEqual({ limit: 1, used: 1 });
    hold = false;
    for (const id of [...ids, other.buildId])
      expect(await finished(building, id)).toMatchObject({ status: "succeeded", attempt: 1, waiting: null });
    expect(began.filter((name) => name.startsWith("line."))).toEqual(["line.a", "line.b", "line.c"]);
    expect(most).toBe(1);
    const work = await building.registry.db.work.findMany({ where: { subjectId: { in: ids } } });
    for (const row of work) expect(row).toMatchObject({ state: "done", lostLeases: 0, attempt: 1 });
  });

  it("gives the place of a killed worker to the next when its lease runs out", async () => {
    const { db } = building.registry;
    hold = false;
    await setQuota("killed.*", { buildsAtOnce: 0 }, building);
    const lost = await sealed(building, "killed.a", "1.0.0");
    const next = await sealed(building, "killed.b", "1.0.0");
    await waitUntil("both wait", async () => (await db.work.count({ where: { state: "blocked" } })) === 2);
    // As a worker leaves it that is killed.
    await db.$executeRaw`
      UPDATE work SET state = 'running', attempt = 1, worker = 'gone', lease_until = now() + interval '1 hour'
      WHERE subject_id = ${lost.buildId}::uuid`;
    await db.build.update({ where: { id: lost.buildId }, data: { status: "running", attempt: 1 } });
    await setQuota("killed.*", { buildsAtOnce: 1 }, building);
    await sleep(800);
    expect(await read(next.buildId)).toMatchObject({ status: "queued", attempt: 0 });
    await db.$executeRaw`UPDATE work SET lease_until = now() WHERE subject_id = ${lost.buildId}::uuid`;
    for (const { buildId } of [lost, next]) expect((await finished(building, buildId)).status).toBe("succeeded");
    const [row] = await db.work.findMany({ where: { subjectId: lost.buildId } });
    expect(row).toMatchObject({ attempt: 2, lostLeases: 1 });
    expect((await read(next.buildId)).attempt).toBe(1);
  });

  it("that is raised or deleted lets those go on who waited, and a build in line can be cancelled", async () => {
    await setQuota("paused.*", { buildsAtOnce: 0 }, building);
    const ids: string[] = [];
    for (const model of ["paused.a", "paused.b"]) ids.push((await sealed(building, model, "1.0.0")).buildId);
    const [cancelled = "", goesOn = ""] = ids;
    for (const id of ids) await waitUntil("it waits", async () => (await read(id)).waiting !== null);
    expect((await building.call("POST", `/v1/builds/${cancelled}/cancel`)).json.status).toBe("cancelled");
    expect((await building.call("DELETE", "/v1/quotas/paused.*")).status).toBe(204);
    expect((await finished(building, goesOn)).status).toBe("succeeded");
    expect((await read(cancelled)).status).toBe("cancelled");
  });

  it("has its last place taken by one worker, also where an older build comes back in that moment", async () => {
    const lone = await testService();
    const { db } = lone.registry;
    await setQuota("last.*", { buildsAtOnce: 1 }, lone);
    const workOf = async (model: string) => {
      const { buildId } = await sealed(lone, model, "1.0.0");
      return db.work.findFirstOrThrow({ where: { subjectId: buildId } });
    };
    const [older, newer] = [await workOf("last.older"), await workOf("last.newer")];
    await db.work.update({ where: { id: older.id }, data: { runAfter: new Date(Date.now() + 60_000) } });
    const claim = (id: string, then: () => Promise<void> = async () => {}) =>
      claimWork(db, id, {
        worker: "one",
        leaseMs: 60_000,
        kinds: [],
        turns: {
          kinds: [buildWork],
          async mayBegin(tx, { subjectId }) {
            const may = await mayBegin(tx, subjectId);
            await then();
            return may;
          },
        },
      });
    let second: ReturnType<typeof claim> | undefined;
    const first = await claim(newer.id, async () => {
      await db.$executeRaw`UPDATE work SET run_after = now() WHERE id = ${older.id}::uuid`;
      second = claim(older.id);
      await sleep(200);
    });
    expect(first?.workId).toBe(newer.id);
    expect(await second).toBeNull();
    expect(await db.work.findUnique({ where: { id: older.id } })).toMatchObject({ state: "blocked", attempt: 0 });
  });

  it("is never passed by many builds, models and two workers", async () => {
    let now = 0;
    let peak = 0;
    const crowded = await testService(quick);
    await setQuota("busy.*", { buildsAtOnce: 2 }, crowded);
    const counting = () =>
      smallImageBuilder(async () => {
        now += 1;
        peak = Math.max(peak, now);
        // The first waits for company, so that both places are seen taken however slow the machine is.
        await waitUntil("two are made at once", async () => peak >= 2);
        await sleep(50);
        now -= 1;
      });
    for (const name of ["three", "four"]) testWorker(crowded.registry, counting(), name);
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, index) => sealed(crowded, `busy.m${index}`, "1.0.0")),
    );
    for (const { buildId } of made)
      expect(await finished(crowded, buildId)).toMatchObject({ status: "succeeded", attempt: 1 });
    expect(peak).toBe(2);
  });
});
