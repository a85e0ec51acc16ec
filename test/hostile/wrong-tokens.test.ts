import { describe, expect, it } from "vitest";
import { mostConnections } from "#api/connections.ts";
import { newToken } from "#core/access/token.ts";
import { guardedService } from "#test/access.ts";
import { kept } from "#test/aftermath.ts";
import { flood } from "#test/flood.ts";
import { memoryOf } from "#test/process-memory.ts";
import { apiProcess } from "#test/service-processes.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await guardedService();
const { process: api, port } = await apiProcess(service, { SLIPWAY_ACCESS: "on", LOG_LEVEL: "warn" });
const { call } = await service.identity("reader", [{ role: "reader", pattern: "*" }]);
const mebibyte = 1024 * 1024;

/** How long the right token waits for its answer, in milliseconds; each must be answered. */
async function waitsOfTheRightToken(count: number): Promise<number[]> {
  const waits: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    expect((await call("GET", "/v1/models", { port })).status).toBe(200);
    waits.push(performance.now() - start);
  }
  return waits.sort((a, b) => a - b);
}

/** Clients with tokens that are none, one request after the other each, until told to stop. `heard` counts
 *  their answers by status. */
function guess(clients: number): { heard: ReadonlyMap<number, number>; stop: () => Promise<void> } {
  const heard = new Map<number, number>();
  let going = true;
  const all = Array.from({ length: clients }, async (_, client) => {
    for (let turn = 0; going; turn += 1) {
      const token = (client + turn) % 2 === 0 ? newToken("token") : `slpw_${turn}`;
      const { status } = await service.call("GET", "/v1/models", {
        port,
        headers: { authorization: `Bearer ${token}` },
      });
      heard.set(status, (heard.get(status) ?? 0) + 1);
    }
  });
  return {
    heard,
    async stop() {
      going = false;
      await Promise.all(all);
    },
  };
}

/** The head of an upload with a wrong token, of which a few bytes come and no more. */
const halfUpload = Buffer.concat([
  Buffer.from(
    "PUT /v1/models/a/versions/1.0.0/files/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\nContent-Length: 1000000000\r\n\r\n",
  ),
  Buffer.alloc(16_384),
]);

describe("a flood of wrong tokens", () => {
  it("is answered 401 and then 429, and the right token is served meanwhile", async () => {
    const before = await kept(service);
    await waitsOfTheRightToken(20); // what is loaded once
    const startedAt = Date.now();
    const { heard, stop } = guess(20);
    const waits = await waitsOfTheRightToken(200);
    await waitUntil("the limit is reached", async () => heard.has(429), { withinMs: 50_000 });
    waits.push(...(await waitsOfTheRightToken(20)));
    await stop();
    waits.sort((a, b) => a - b);
    const median = Math.round(waits[110] ?? 0);
    console.log(
      `the right token waited ${median} ms, ${Math.round(waits.at(-1) ?? 0)} ms at most; others heard`,
      heard,
    );
    // Not the worst of them: a machine stands still for a moment now and then.
    expect(median).toBeLessThan(1_000);
    expect([...heard.keys()].sort()).toEqual([401, 429]);
    // So many a minute; where Redis is late, the few that are on their way pass.
    const minutes = Math.ceil((Date.now() - startedAt) / 60_000);
    expect(heard.get(401)).toBeGreaterThanOrEqual(1_000);
    expect(heard.get(401)).toBeLessThan(minutes * 1_000 + 100);
    expect(await kept(service)).toEqual(before);
  });
});

describe("uploads with a wrong token that never end", () => {
  it("leave room for the right one, hold no memory, store nothing, and are let go", async () => {
    const before = await kept(service);
    const { nowBytes } = memoryOf(api.pid);
    const { sockets, heard } = await flood(port, mostConnections + 500, halfUpload);
    expect((await waitsOfTheRightToken(5)).at(2)).toBeLessThan(2_000);
    expect(memoryOf(api.pid).nowBytes - nowBytes).toBeLessThan(150 * mebibyte);
    await waitUntil("all are let go", async () => sockets.every(({ closed }) => closed), { withinMs: 45_000 });
    for (const text of heard) if (text !== undefined) expect(text).toMatch(/^HTTP\/1\.1 (?:401|429) /);
    expect(heard.filter((text) => text !== undefined).length).toBeGreaterThan(mostConnections / 2);
    expect(await kept(service)).toEqual(before);
  });
});
