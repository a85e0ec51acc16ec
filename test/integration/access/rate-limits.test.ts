import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import { describe, expect, inject, it } from "vitest";
import { makeApp } from "#api/app.ts";
import { newToken } from "#core/access/token.ts";
import { guardedService } from "#test/access.ts";
import { expectProblem } from "#test/aftermath.ts";
import { shortest } from "#test/shortest.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { type Answer, type TestService, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const reader = [{ role: "reader" as const, pattern: "*" }];
const wrong = { authorization: "Bearer slpw_wrong" };
const models = "/v1/models";

function statuses(count: number, ask: () => Promise<Answer>): Promise<number[]> {
  return Array.from({ length: count }).reduce<Promise<number[]>>(async (before, _) => {
    const seen = await before;
    return [...seen, (await ask()).status];
  }, Promise.resolve([]));
}

function expectTooMany(answer: Answer): void {
  expect([answer.status, answer.json.type]).toEqual([429, "/problems/too_many_requests"]);
  expectProblem(answer);
  const seconds = Number(answer.headers["retry-after"]);
  expect(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`).toBe(true);
  expect(answer.json.detail).toContain(`try again in ${seconds} s`);
  expect(answer.headers).toMatchObject({ "ratelimit-remaining": "0", "ratelimit-reset": String(seconds) });
}

/** As if the minute of this machine's address had begun at another time. */
async function minuteEndsIn({ registry }: TestService, ms: number): Promise<void> {
  const redis = new Redis(inject("parts").redisUrl);
  whenDone(() => redis.disconnect());
  expect(await redis.pexpire(`${registry.config.queue.prefix}:limit:address:127.0.0.1`, ms)).toBe(1);
}

/** What Redis has of the counts, by the end of its key. */
async function counts({ registry }: TestService): Promise<Record<string, number>> {
  const redis = new Redis(inject("parts").redisUrl);
  whenDone(() => redis.disconnect());
  const prefix = `${registry.config.queue.prefix}:limit:`;
  const keys = await redis.keys(`${prefix}*`);
  const entries = await Promise.all(
    keys.map(async (key) => [key.slice(prefix.length), Number(await redis.get(key))] as const),
  );
  for (const key of keys) expect(await redis.pttl(key), "every count ends").toBeGreaterThan(0);
  return Object.fromEntries(entries);
}

describe("requests without a valid token", () => {
  it("are each answered 401 a thousand times a minute, and 429 from then on", async () => {
    const service = await guardedService();
    const known = await service.identity("reader", reader);
    const refused = new Set<number>();
    const ask = async (count: number) => {
      const headers = [wrong, { authorization: `Bearer ${newToken("token")}` }, {}][count % 3] ?? {};
      refused.add((await service.call("GET", models, { headers })).status);
    };
    await ask(0);
    await minuteEndsIn(service, 600_000); // however long a thousand take
    for (let count = 1; count < 1_000; count += 1) await ask(count);
    await minuteEndsIn(service, 60_000);
    expect([...refused]).toEqual([401]);
    for (const headers of [wrong, {}]) {
      const answer = await service.call("GET", models, { headers });
      expectTooMany(answer);
      expect(answer.headers["ratelimit-limit"]).toBe("1000");
    }
    expect(await counts(service)).toEqual({ "address:127.0.0.1": 1_002 });
    // From the same address, and whatever comes from there.
    expect((await known.call("GET", models)).status).toBe(200);
    expect((await service.admin("GET", models)).status).toBe(200);
    for (const open of ["/healthz", "/readyz", "/openapi.json", "/docs/"])
      expect((await service.call("GET", open, { headers: wrong })).status, open).toBe(200);
  });

  it("are counted for all API processes together, until the minute is over", async () => {
    const service = await guardedService({ SLIPWAY_RATE_LIMIT_ADDRESS: "3" });
    const other = await makeApp(service.registry);
    whenDone(() => other.close());
    await other.listen({ host: "127.0.0.1", port: 0 });
    const { port } = other.server.address() as AddressInfo;
    expect(await statuses(2, () => service.call("GET", models))).toEqual([401, 401]);
    expect(await statuses(2, () => service.call("GET", models, { port }))).toEqual([401, 429]);
    await minuteEndsIn(service, 39_500);
    const answer = await service.call("GET", models);
    const seconds = Number(answer.headers["retry-after"]);
    expect([answer.status, seconds > 10 && seconds <= 40], String(seconds)).toEqual([429, true]);
    await minuteEndsIn(service, 500);
    await waitUntil("the minute is over", async () => (await service.call("GET", models)).status === 401);
  });
});

describe("the requests of a token", () => {
  it("are counted by token, whatever is asked, and the next token has its own count", async () => {
    const service = await guardedService({ SLIPWAY_RATE_LIMIT_TOKEN: "4" });
    const [first, second] = [await service.identity("first", reader), await service.identity("second", reader)];
    expect((await first.call("GET", models)).status).toBe(200);
    expect((await first.call("GET", "/v1/models/none")).status).toBe(404);
    expect((await first.call("GET", "/v1/identities")).status).toBe(403);
    expect((await first.call("GET", "/v1/nothing")).status).toBe(404);
    const past = await first.call("GET", models);
    expectTooMany(past);
    expect(past.headers["ratelimit-limit"]).toBe("4");
    expect((await second.call("GET", models)).status).toBe(200);
    expect(await statuses(10, () => service.admin("GET", models))).toEqual(Array(10).fill(200));
    expect(await counts(service)).toEqual({ [`token:${first.tokenId}`]: 5, [`token:${second.tokenId}`]: 1 });
  });

  it("change nothing past the limit, and their bodies are not read", async () => {
    const service = await guardedService({ SLIPWAY_RATE_LIMIT_TOKEN: "1" });
    const { call } = await service.identity("uploader", [{ role: "uploader", pattern: "*" }]);
    expect((await call("POST", models, { json: { name: "first" } })).status).toBe(201);
    expectTooMany(await call("POST", models, { json: { name: "second" } }));
    expect((await service.admin("GET", `${models}/second`)).status).toBe(404);
  });
});

describe("with access off", () => {
  it("nothing is limited, and Redis is asked nothing", async () => {
    const service = await testService({ SLIPWAY_RATE_LIMIT_WITHOUT_REDIS: "refuse" });
    expect(await statuses(20, () => service.call("GET", models))).toEqual(Array(20).fill(200));
    expect(await counts(service)).toEqual({});
  });

  it("all requests of an address are counted where a limit is set, but for probes", async () => {
    const service = await testService({ SLIPWAY_RATE_LIMIT_ADDRESS: "2" });
    expect(await statuses(3, () => service.call("GET", models))).toEqual([200, 200, 429]);
    expect(await statuses(5, () => service.call("GET", "/healthz"))).toEqual(Array(5).fill(200));
    expect(await statuses(2, () => service.call("GET", "/readyz"))).toEqual([200, 200]);
    expect(await counts(service)).toEqual({ "address:127.0.0.1": 3 });
  });
});

describe("while Redis", () => {
  const limited = { SLIPWAY_RATE_LIMIT_ADDRESS: "2", SLIPWAY_RATE_LIMIT_TOKEN: "100" };

  async function serviceBehind(settings: Record<string, string>) {
    const redis = await tcpProxy(inject("parts").redisUrl);
    const service = await guardedService({ REDIS_URL: redis.urlOf(inject("parts").redisUrl), ...limited, ...settings });
    const known = await service.identity("reader", reader);
    return { redis, service, known };
  }

  it.each(["cut", "freeze"] as const)(
    "is away (%s) requests pass, soon, and are counted again after",
    async (fault) => {
      const { redis, service, known } = await serviceBehind({});
      expect((await known.call("GET", models)).status).toBe(200);
      redis[fault]();
      for (const [call, status] of [
        [known.call, 200],
        [service.call, 401],
      ] as const) {
        const ms = await shortest(async () => expect((await call("GET", models)).status).toBe(status));
        expect(ms).toBeLessThan(450);
      }
      redis.open();
      await waitUntil("they are counted", async () => (await service.call("GET", models)).status === 429);
      expect((await known.call("GET", models)).status).toBe(200);
    },
  );

  it.each(["cut", "freeze"] as const)(
    "is away (%s) requests are refused where that is set, and served after",
    async (fault) => {
      const { redis, service, known } = await serviceBehind({ SLIPWAY_RATE_LIMIT_WITHOUT_REDIS: "refuse" });
      expect((await known.call("GET", models)).status).toBe(200);
      redis[fault]();
      for (const call of [known.call, service.call]) {
        const ms = await shortest(async () => {
          const answer = await call("GET", models);
          expect([answer.status, answer.json.type]).toEqual([503, "/problems/unavailable"]);
          expectProblem(answer);
          expect(answer.headers["retry-after"]).toBe("2");
        });
        expect(ms).toBeLessThan(450);
      }
      expect((await service.admin("GET", models)).status).toBe(200);
      expect((await service.call("GET", "/healthz")).status).toBe(200);
      redis.open();
      await waitUntil("they are served", async () => (await known.call("GET", models)).status === 200);
    },
  );

  it("has not been there from the start the API starts all the same, and counts when it comes", async () => {
    const redis = await tcpProxy(inject("parts").redisUrl);
    redis.cut();
    const service = await guardedService({ REDIS_URL: redis.urlOf(inject("parts").redisUrl), ...limited });
    expect((await service.call("GET", models)).status).toBe(401);
    redis.open();
    await waitUntil("they are counted", async () => (await service.call("GET", models)).status === 429);
  });
});
