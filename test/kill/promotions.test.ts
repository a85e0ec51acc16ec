import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { receiver } from "#test/test-webhooks.ts";
import { waitUntil } from "#test/wait-until.ts";
import { ciClient } from "./ci-client.ts";
import { type Answer, exchange } from "./exchange.ts";
import { imagePrefix, type KillableInstance, killableInstance } from "./instance.ts";
import { openJournal } from "./journal.ts";
import { smallPackage } from "./packages.ts";
import { seededRandom } from "./random.ts";
import { killSettings } from "./settings.ts";
import { warmInstance } from "./warm-instance.ts";

const { seed } = killSettings(process.env);
const promotions = 500;
const clients = 6;
const tags = ["prod", "stable", "canary", "staging", "blue", "green", "eu", "us"];
const versions = ["1.0.0", "1.1.0", "1.2.0"];

it(`moves tags ${promotions} times while APIs and workers are killed (seed ${seed}): none is lost, doubled or half made`, async () => {
  const random = seededRandom(seed);
  const hook = await receiver();
  const instance = await killableInstance({
    warm: await warmInstance(),
    settings: {
      SLIPWAY_WEBHOOK_NETWORKS: "127.0.0.0/8",
      SLIPWAY_SECRET_KEY: "a secret key of the tests that is long enough",
    },
  });
  const { apis, workers, db } = instance;
  const ports = apis.map(({ port }) => port);
  const client = ciClient({ ports, journal: openJournal(), random, onSending: () => {} });
  /** Null where no answer came of what an API had taken: it may have been done. */
  const send = async (method: string, path: string, json: object): Promise<Answer | null> => {
    const headers = { "content-type": "application/json" };
    const body = Buffer.from(JSON.stringify(json));
    for (;;)
      try {
        return await exchange({ port: random.pick(ports), method, path, headers, body });
      } catch (error) {
        if ((error as { code?: string }).code !== "ECONNREFUSED") return null;
        await sleep(20); // that one is down
      }
  };

  for (const version of versions) {
    await client.release({ model: "churn", version, files: smallPackage(random), way: "archive" });
    expect(await client.ended("churn", version)).toBe("ready");
  }
  // One version passes what `prod` asks for, one never, and one waits for it.
  const begin = async (method: string, path: string, json: object) =>
    expect((await send(method, path, json))?.status, path).toBe(201);
  await begin("PUT", "/v1/policies/churn/prod", { checks: ["gate"] });
  await begin("POST", "/v1/models/churn/versions/1.0.0/checks", { name: "gate", status: "passed" });
  await begin("POST", "/v1/models/churn/versions/1.1.0/checks", { name: "gate", status: "failed" });
  await begin("POST", "/v1/webhooks", { url: hook.url, kinds: ["tag.", "promotion."] });
  const { head } = (await client.get("/v1/events?after=0&limit=1")).json;

  /** Of each promotion by its reason: the answer that came; null where none did. */
  const answers = new Map<string, Answer | null>();
  let asked = 0;
  const mover = async (): Promise<void> => {
    while (asked < promotions) {
      const reason = `promotion ${asked++}`;
      const later =
        random.below(4) === 0 ? { notBefore: new Date(Date.now() + random.below(1_500)).toISOString() } : {};
      const json = { tag: random.pick(tags), version: random.pick(versions), reason, ...later };
      answers.set(reason, await send("POST", "/v1/models/churn/promotions", json));
      if (random.below(20) === 0)
        await send("POST", "/v1/models/churn/versions/1.2.0/checks", {
          name: "gate",
          status: random.pick(["passed", "failed"]),
        });
    }
  };
  let kills = 0;
  const killer = async (): Promise<void> => {
    const mortals = [...apis, ...workers].map(({ process }) => process);
    while (asked < promotions) {
      await sleep(random.below(1_200));
      const victim = random.pick(mortals);
      await victim.kill();
      kills += 1;
      await sleep(random.below(400));
      await victim.start();
    }
  };
  await Promise.all([killer(), ...Array.from({ length: clients }, mover)]);
  await instance.startAll();
  await client.get("/v1/models/churn"); // an API answers again
  await send("POST", "/v1/models/churn/versions/1.2.0/checks", { name: "gate", status: "passed" });
  await waitUntil(
    "nothing waits",
    async () =>
      (await db.promotion.count({ where: { status: "waiting" } })) === 0 &&
      (await db.tagSync.count({ where: { status: "pending" } })) === 0 &&
      (await db.event.count({ where: { sequence: null } })) === 0 &&
      (await db.webhookDelivery.count({ where: { status: "waiting" } })) === 0,
    { withinMs: 180_000 },
  );

  expect(kills).toBeGreaterThan(5);
  const heard = await verifyAnswers(instance, answers);
  await verifyRows(instance);
  await verifyRegistry(instance);
  const told = await db.event.findMany({
    where: { sequence: { gt: head }, OR: [{ kind: { startsWith: "tag." } }, { kind: { startsWith: "promotion." } }] },
    orderBy: { sequence: "asc" },
  });
  const received = [...new Set(hook.received.map(({ json }) => json.data.id as string))];
  expect(received).toEqual(told.map(({ id }) => id));
  process.stdout.write(`  ${kills} kills, ${JSON.stringify(heard)}, ${told.length} events told\n`);
});

/** What was answered is so, and what was not answered was done whole or not at all. */
async function verifyAnswers(
  { db }: KillableInstance,
  answers: ReadonlyMap<string, Answer | null>,
): Promise<Record<string, number>> {
  const heard: Record<string, number> = {};
  const rows = await db.promotion.findMany({ where: { model: { name: "churn" } } });
  const byReason = groupByReason(rows);
  for (const [reason, answer] of answers) {
    const status = answer?.status ?? "cut";
    heard[status] = (heard[status] ?? 0) + 1;
    const made = byReason.get(reason) ?? [];
    expect(made.length, `${reason}, answered ${status}`).toBeLessThanOrEqual(1);
    if (answer === null || answer.status === 503) continue;
    // Asked for the same while it waits, one is told of that which does; of what is there already, or waits elsewhere, of nothing.
    if (answer.status === 201) expect(made[0]?.status, reason).toBe("moved");
    else if (answer.status === 202 && answer.json.reason === reason) expect(made[0]?.id, reason).toBe(answer.json.id);
    else if (answer.status === 403) expect(made[0]?.status, reason).toBe("refused");
    else expect([202, 409], `${reason}: ${answer.bytes}`).toContain(answer.status);
    if (answer.status === 201) expect(made[0]?.revision, reason).toBe(answer.json.revision);
  }
  return heard;
}

function groupByReason<Row extends { reason: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.reason, [...(groups.get(row.reason) ?? []), row]);
  return groups;
}

/** Each move is one row of the history, of the promotions, of the audit and of the events, and each tag's history is a line. */
async function verifyRows({ db }: KillableInstance): Promise<void> {
  const moves = await db.tagMove.findMany({
    where: { model: { name: "churn" }, tag: { in: tags } },
    orderBy: [{ tag: "asc" }, { revision: "asc" }],
  });
  const promoted = await db.promotion.findMany({ where: { model: { name: "churn" }, status: "moved" } });
  const audited = await db.auditEntry.findMany({ where: { action: "tag.move", model: "churn", actor: "anonymous" } });
  expect(promoted.map(({ id, tag, revision }) => `${id} ${tag} ${revision}`).sort()).toEqual(
    moves.map(({ promotionId, tag, revision }) => `${promotionId} ${tag} ${revision}`).sort(),
  );
  const toldOf = (after: unknown) => (after as { promotion: string }).promotion;
  expect(audited.map(({ after }) => toldOf(after)).sort()).toEqual(promoted.map(({ id }) => id).sort());
  const events = await db.event.findMany({ where: { id: { in: audited.map(({ id }) => id) } } });
  expect(events).toHaveLength(audited.length);
  for (const [index, move] of moves.entries()) {
    const before = moves[index - 1];
    const expected = before?.tag === move.tag ? [before.revision + 1, before.toVersion] : [1, null];
    expect([move.revision, move.fromVersion], `${move.tag} ${move.revision}`).toEqual(expected);
  }
  const gated = moves.filter(({ tag }) => tag === "prod").map(({ toVersion }) => toVersion);
  expect(gated).not.toContain("1.1.0");
}

async function verifyRegistry({ db, registry: { host } }: KillableInstance): Promise<void> {
  const present = await db.tag.findMany({ where: { model: { name: "churn" }, name: { in: tags } } });
  for (const { name, imageDigest } of present) {
    const url = `http://${host}/v2/${imagePrefix}/churn/manifests/${name}`;
    const answer = await fetch(url, {
      method: "HEAD",
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(answer.headers.get("docker-content-digest"), name).toBe(imageDigest);
  }
}
