import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook as Verifier } from "standardwebhooks";
import { describe, expect, it, vi } from "vitest";
import { runEventsSample } from "#test/events-sample.ts";
import { testService } from "#test/test-service.ts";
import { type Received, receiver, testWebhooks } from "#test/test-webhooks.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const service = await testService({
  SLIPWAY_SECRET_KEY: "a secret key of the tests that is long enough",
  SLIPWAY_WEBHOOK_NETWORKS: "127.0.0.0/8",
});
const { call, registry } = service;
testWebhooks(registry);

async function webhook(settings: Record<string, unknown>) {
  const made = await call("POST", "/v1/webhooks", { json: settings });
  if (made.status !== 201) throw new Error(`the webhook answered ${made.status}: ${made.bytes}`);
  return made.json;
}

const model = (name: string) => call("POST", "/v1/models", { json: { name } });
const draft = (name: string, version: string) => call("POST", `/v1/models/${name}/versions`, { json: { version } });
const deliveries = async (id: string, query = "") =>
  (await call("GET", `/v1/webhooks/${id}/deliveries?${query}`)).json.items;
const attemptsOf = (id: string) => registry.db.webhook.findUniqueOrThrow({ where: { id } });

describe("a webhook", () => {
  it("is sent each change that it asked for, signed, within a moment of the answer", async () => {
    const target = await receiver();
    const { secret, id } = await webhook({ url: target.url, models: "a.*", kinds: ["model.", "version.created"] });
    const tookMs: number[] = [];
    for (let count = 1; count <= 10; count += 1) {
      const startedAt = Date.now();
      await model(`a.m${count}`);
      await waitUntil("the message", async () => target.received.length >= count, { everyMs: 1 });
      tookMs.push(Date.now() - startedAt);
    }
    await model("b.other");
    await draft("a.m1", "1.0.0");
    await call("DELETE", "/v1/models/a.m1/versions/1.0.0");
    await call("PATCH", "/v1/models/a.m1", { json: { title: "Last" } });
    await waitUntil("the last message", async () => target.taken().at(-1) === "model.updated a.m1");
    expect(target.taken().slice(10)).toEqual(["version.created a.m1:1.0.0", "model.updated a.m1"]);
    tookMs.sort((a, b) => a - b);
    expect(tookMs[5], `ms: ${tookMs}`).toBeLessThan(5_000);

    const verifier = new Verifier(secret);
    for (const { headers, body } of target.received) expect(verifier.verify(body, headers)).toEqual(JSON.parse(body));
    const [first] = target.received as [Received];
    expect(() => verifier.verify(first.body.replace("m1", "m2"), first.headers)).toThrow();
    const then = `import json, sys\nsecret, headers, body = json.load(sys.stdin)\nprint(is_ours(secret, headers, body.encode()))`;
    const isOurs = (body: string) =>
      runEventsSample("is_ours", { input: JSON.stringify([secret, first.headers, body]), then });
    expect([isOurs(first.body), isOurs(`${first.body} `)]).toEqual(["True\n", "False\n"]);
    expect(first.headers["content-type"]).toBe("application/json");
    const event = (await call("GET", "/v1/events?limit=1")).json.items[0];
    const { kind, at, data: change, ...rest } = event;
    expect(first.json).toEqual({ type: kind, timestamp: at, data: { ...rest, change } });
    expect(first.headers["webhook-id"]).toBe(event.id);
    const last = await waitUntil("the last is in the log", async () => {
      const [latest] = await deliveries(id, "status=delivered&limit=1");
      return latest?.event.kind === "model.updated" ? latest : null;
    });
    expect(last).toMatchObject({ status: "delivered", attempts: 1, statusCode: 204, error: null, nextAt: null });
    expect(last.event.subject).toBe("a.m1");
    console.log(`change → delivered, ms of 10: p50 ${tookMs[5]}, largest ${tookMs[9]}`);
  });

  it("signs with another secret, and for as long as it is told with those before it", async () => {
    const target = await receiver();
    const { secret: first, id } = await webhook({ url: target.url, models: "s.*", kinds: ["model.created"] });
    const another = async (query = "", headers = {}) => {
      const answer = await call("POST", `/v1/webhooks/${id}/secret${query}`, { headers });
      expect([answer.status, answer.json.id]).toEqual([200, id]);
      return answer.json.secret;
    };
    const signers = async (name: string, secrets: string[]) => {
      await model(name);
      const message = await waitUntil("the message", async () =>
        target.received.find(({ json }) => (json as { data: { model: string } }).data.model === name),
      );
      const verifies = (secret: string) => {
        try {
          return new Verifier(secret).verify(message.body, message.headers) !== null;
        } catch {
          return false;
        }
      };
      expect(message.headers["webhook-signature"]?.split(" ")).toHaveLength(secrets.filter(verifies).length);
      return secrets.map(verifies);
    };
    const once = { "idempotency-key": `"${randomUUID()}"` };
    const second = await another("", once);
    expect(await another("", once)).toBeNull(); // the same request, answered again
    expect(await signers("s.two", [first, second])).toEqual([true, true]);
    const third = await another("?keepHours=1");
    expect(await signers("s.three", [first, second, third])).toEqual([true, true, true]);
    vi.useFakeTimers({ now: Date.now() + 2 * 3_600_000, toFake: ["Date"] });
    whenDone(() => vi.useRealTimers());
    expect(await signers("s.later", [first, second, third])).toEqual([true, false, true]);
    vi.useRealTimers();
    const last = await another("?keepHours=0");
    expect(await signers("s.last", [first, second, third, last])).toEqual([false, false, false, true]);
    const audit = (await call("GET", "/v1/audit?action=webhook.renew")).json.items;
    expect(audit.map(({ after }: { after: object }) => after)).toEqual([0, 1, 24].map((keepHours) => ({ keepHours })));
    for (const known of [first, second, third, last]) expect(JSON.stringify(audit)).not.toContain(known);
    expect((await call("POST", `/v1/webhooks/${id}/secret?keepHours=169`)).status).toBe(400);
    expect((await call("POST", `/v1/webhooks/${randomUUID()}/secret`)).status).toBe(404);
    // Whatever has become of the one before.
    const spoilt = { data: { sealed: new Uint8Array(40) }, where: { subject: `webhook:${id}/secret` } };
    await registry.db.secret.update(spoilt);
    expect(await signers("s.anew", [last, await another()])).toEqual([false, true]);
    await call("DELETE", `/v1/webhooks/${id}`);
    expect(await registry.db.secret.count({ where: { subject: { startsWith: `webhook:${id}/` } } })).toBe(0);
  });

  it("is sent CloudEvents where it asks for them", async () => {
    const target = await receiver();
    await webhook({ url: target.url, models: "c.events", format: "cloudevents" });
    await model("c.events");
    await waitUntil("the message", async () => target.received.length === 1);
    const [{ headers, json }] = target.received as [Received];
    expect(headers["content-type"]).toBe("application/cloudevents+json; charset=utf-8");
    expect(json).toEqual({
      specversion: "1.0",
      id: headers["webhook-id"],
      source: "/v1/models/c.events",
      type: "dev.slipway.model.created",
      subject: "c.events",
      time: expect.stringMatching(/Z$/),
      sequence: String(json.data.sequence).padStart(19, "0"),
      datacontenttype: "application/json",
      data: expect.objectContaining({ model: "c.events", actor: "anonymous" }),
    });
  });

  it("shows its secret once, keeps it encrypted, and refuses what cannot be one", async () => {
    const target = await receiver();
    const once = { json: { url: target.url, models: "none" }, headers: { "idempotency-key": `"${randomUUID()}"` } };
    const made = await call("POST", "/v1/webhooks", once);
    expect(made.json.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const again = await call("POST", "/v1/webhooks", once);
    expect([again.status, again.json.secret, again.json.id]).toEqual([201, null, made.json.id]);
    expect((await call("GET", `/v1/webhooks/${made.json.id}`)).bytes.toString()).not.toContain("whsec_");
    const audit = await call("GET", "/v1/audit?action=webhook.create&limit=1");
    expect(audit.json.items[0].after).toMatchObject({ origin: new URL(target.url).origin, models: "none" });
    expect(audit.bytes.toString()).not.toMatch(/whsec_|hook"/);
    for (const wrong of [
      { url: "ftp://example.com" },
      { url: "https://user:password@example.com" },
      { url: "nothing" },
      { url: "https://10.0.0.1/hook" },
      { url: target.url, kinds: ["tag.movd"] },
      { url: target.url, models: "a.*.b" },
    ])
      expect([wrong, (await call("POST", "/v1/webhooks", { json: wrong })).status]).toEqual([wrong, 422]);
    expect((await call("DELETE", `/v1/webhooks/${made.json.id}`)).status).toBe(204);
    expect((await call("GET", `/v1/webhooks/${made.json.id}`)).status).toBe(404);
    expect(await registry.db.secret.count({ where: { subject: { contains: made.json.id } } })).toBe(0);
  });

  it("gets a model's events in their order, and one that it does not take holds up no other model's", async () => {
    let refusals = 0;
    const target = await receiver(({ json }) => {
      if (json.data.subject !== "o.slow") return 200;
      if (refusals >= 2 && target.taken().length === 2) return 200;
      refusals += 1;
      return 500;
    });
    const { id } = await webhook({ url: target.url, models: "o.*" });
    await model("o.slow");
    await draft("o.slow", "1.0.0");
    await draft("o.slow", "1.1.0");
    await model("o.fast");
    await draft("o.fast", "1.0.0");
    await waitUntil("all of them", async () => target.taken().length === 5);
    expect(target.taken()).toEqual([
      "model.created o.fast",
      "version.created o.fast:1.0.0",
      "model.created o.slow",
      "version.created o.slow:1.0.0",
      "version.created o.slow:1.1.0",
    ]);
    const ids = target.received.filter(({ json }) => json.data.subject === "o.slow").map(({ headers }) => headers);
    expect(new Set(ids.map((headers) => headers["webhook-id"])).size).toBe(1);
    const [slow] = (await deliveries(id)).filter(
      ({ event }: { event: { subject: string } }) => event.subject === "o.slow",
    );
    expect(slow).toMatchObject({ status: "delivered", attempts: refusals + 1 });
  });

  it("is left alone as long as it asks", async () => {
    const target = await receiver((_, response) => {
      response.writeHead(429, { "retry-after": "600" }).end();
      return null;
    });
    const { id } = await webhook({ url: target.url, models: "busy" });
    await model("busy");
    const tried = await waitUntil("an attempt", async () => {
      const [delivery] = await deliveries(id);
      return delivery?.attempts === 1 ? delivery : null;
    });
    expect(Date.parse(tried.nextAt) - Date.parse(tried.triedAt)).toBeGreaterThan(590_000);
  });

  it("takes nothing: ten thousand that wait for it are in nobody's way", async () => {
    const begunAt = Date.now();
    const dead = await receiver(() => null); // takes the connection and never answers
    const live = await receiver();
    const { id } = await webhook({ url: dead.url, models: "d.*" });
    await webhook({ url: live.url, models: "d.*" });
    await model("d.first");
    await waitUntil("the first", async () => live.taken().length === 1);
    await registry.db.$executeRaw`
      INSERT INTO webhook_deliveries (id, webhook_id, event_id, sequence, lane)
      SELECT gen_random_uuid(), webhook_id, event_id, sequence, gen_random_uuid()
      FROM webhook_deliveries, generate_series(1, 10000) WHERE webhook_id = ${id}::uuid`;
    const tookMs: number[] = [];
    for (let count = 1; count <= 10; count += 1) {
      const startedAt = Date.now();
      await model(`d.m${count}`);
      await waitUntil("the message", async () => live.taken().length > count, { everyMs: 1 });
      tookMs.push(Date.now() - startedAt);
    }
    tookMs.sort((a, b) => a - b);
    expect(tookMs[5], `ms: ${tookMs}`).toBeLessThan(5_000);
    // Four and four, and then one now and then.
    expect(dead.received.length).toBeLessThanOrEqual(8 + Math.floor((Date.now() - begunAt) / 25_000));
    console.log(`beside 10,000 that wait, ms of 10: p50 ${tookMs[5]}, largest ${tookMs[9]}`);
    expect((await call("DELETE", `/v1/webhooks/${id}`)).status).toBe(204);
  });

  it("is left alone for longer and longer, and is sent all of it in order when it is back", async () => {
    let away = true;
    const target = await receiver(() => (away ? 503 : 200));
    const { id } = await webhook({ url: target.url, models: "r.*" });
    for (let count = 0; count < 8; count += 1) await model(`r.m${count}`);
    await waitUntil("a pause", async () => (await attemptsOf(id)).failures >= 5);
    const attempts = target.received.length;
    expect(attempts).toBeLessThanOrEqual(8);
    expect((await call("GET", `/v1/webhooks/${id}`)).json).toMatchObject({
      enabled: true,
      failures: expect.any(Number),
      failingSince: expect.any(String),
    });
    const waiting = await waitUntil("all that waits", async () => {
      const items = await deliveries(id, "status=waiting");
      return items.length === 8 ? items : null;
    });
    expect(waiting.find(({ attempts }: { attempts: number }) => attempts > 0)).toMatchObject({
      statusCode: 503,
      error: "answered 503: not this time",
    });
    away = false;
    await call("PATCH", `/v1/webhooks/${id}`, { json: { enabled: false } });
    await call("PATCH", `/v1/webhooks/${id}`, { json: { enabled: true } }); // without waiting for the pause's end
    await waitUntil("all of them", async () => target.taken().length === 8);
    expect(await attemptsOf(id)).toMatchObject({ failures: 0, failingSince: null });
  });

  it("is disabled when it has taken nothing for long, or says that it is gone, and others hear of it", async () => {
    const witness = await receiver();
    await webhook({ url: witness.url, kinds: ["webhook."] });
    const target = await receiver(() => 500);
    const gone = await receiver(() => 410);
    const { id } = await webhook({ url: target.url, models: "x.*" });
    const { id: goneId } = await webhook({ url: gone.url, models: "x.*" });
    await model("x.one");
    await waitUntil("its end", async () => (await attemptsOf(goneId)).disabledReason === "it answered 410: gone");
    await waitUntil("a failure", async () => (await attemptsOf(id)).failures > 0);
    const longAgo = new Date(Date.now() - 73 * 3_600_000);
    await registry.db.webhook.update({ where: { id }, data: { failingSince: longAgo } });
    await waitUntil("its end", async () => (await attemptsOf(id)).disabledAt !== null);
    await waitUntil("the notices", async () => witness.taken().length === 2);
    expect(witness.received.map(({ json }) => [json.type, json.data.change.after])).toEqual([
      ["webhook.disabled", { enabled: false, reason: "it answered 410: gone" }],
      [
        "webhook.disabled",
        { enabled: false, reason: "it took nothing for 72 hours; at last: answered 500: not this time" },
      ],
    ]);
    await model("x.two");
    await waitUntil("its number", () =>
      registry.db.event.findFirst({ where: { subject: "x.two", sequence: { not: null } } }),
    );
    expect((await deliveries(id)).map(({ event }: { event: { subject: string } }) => event.subject)).toEqual(["x.one"]);
  });

  it("is not sent for ever what it alone does not take", async () => {
    const target = await receiver(({ json }) => (json.data.subject === "p.poison" ? 500 : 200));
    const { id } = await webhook({ url: target.url, models: "p.*" });
    await model("p.poison");
    await draft("p.poison", "1.0.0");
    await waitUntil("a failure", async () => (await attemptsOf(id)).failures > 0);
    const longAgo = new Date(Date.now() - 73 * 3_600_000);
    await registry.db.webhookDelivery.updateMany({
      where: { webhookId: id, attempts: { gt: 0 } },
      data: { firstTriedAt: longAgo },
    });
    await waitUntil("the next", async () => target.taken().length === 1);
    const [failed] = await deliveries(id, "status=failed");
    expect(failed).toMatchObject({ event: { subject: "p.poison" }, statusCode: 500, nextAt: null });
    expect(await attemptsOf(id)).toMatchObject({ disabledAt: null, failures: 0 });
  });

  it("is sent what waits as it was last said, also where somebody is sending at that moment", async () => {
    const old = await receiver(async () => {
      await sleep(50);
      return 200;
    });
    const next = await receiver();
    const { id } = await webhook({ url: old.url, models: "u.*" });
    await model("u.one");
    for (let minor = 0; minor < 20; minor += 1) await draft("u.one", `1.${minor}.0`);
    await waitUntil("the first", async () => old.received.length > 0);
    await call("PATCH", `/v1/webhooks/${id}`, { json: { url: next.url, kinds: ["version."] } });
    const changedAt = Date.now();
    await waitUntil("the last", async () => next.taken().at(-1) === "version.created u.one:1.19.0");
    // One that was on its way.
    expect(old.received.filter(({ at }) => at > changedAt).length).toBeLessThanOrEqual(1);
    const both = [...old.taken(), ...next.taken()];
    expect([...new Set(both)]).toEqual([
      "model.created u.one",
      ...Array.from({ length: 20 }, (_, minor) => `version.created u.one:1.${minor}.0`),
    ]);

    const atChange = next.received.length;
    await call("PATCH", `/v1/webhooks/${id}`, { json: { enabled: false } });
    await draft("u.one", "2.0.0");
    await waitUntil("its number", () =>
      registry.db.event.findFirst({ where: { subject: "u.one:2.0.0", sequence: { not: null } } }),
    );
    expect(await deliveries(id, "status=waiting")).toEqual([]);
    expect(next.received.length).toBe(atChange);
  });

  it("is sent a delivery again by request, under the same id", async () => {
    const target = await receiver();
    const { id } = await webhook({ url: target.url, models: "again" });
    await model("again");
    await waitUntil("the message", async () => target.received.length === 1);
    const [delivery] = await waitUntil("the log", async () => {
      const items = await deliveries(id, "status=delivered");
      return items.length === 1 ? items : null;
    });
    const once = { headers: { "idempotency-key": `"${randomUUID()}"` } };
    const redeliver = () => call("POST", `/v1/webhooks/${id}/deliveries/${delivery.id}/redeliver`, once);
    const [answer, again] = [await redeliver(), await redeliver()];
    expect([answer.status, answer.json.status, again.json]).toEqual([202, "waiting", answer.json]);
    await waitUntil("it again", async () => target.received.length === 2);
    const [first, second] = target.received as [Received, Received];
    expect([second.body, second.headers["webhook-id"]]).toEqual([first.body, first.headers["webhook-id"]]);
    const unknown = `/v1/webhooks/${id}/deliveries/${randomUUID()}/redeliver`;
    expect((await call("POST", unknown)).json.type).toBe("/problems/delivery_not_found");
  });
});
