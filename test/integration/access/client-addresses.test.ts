import { describe, expect, it } from "vitest";
import { type GuardedService, guardedService } from "#test/access.ts";
import { exchange } from "#test/wire.ts";

const uploader = [{ role: "uploader" as const, pattern: "*" }];
const inside = "10.1.2.3";

const direct = await guardedService();
const proxied = await guardedService({ SLIPWAY_TRUSTED_PROXIES: "127.0.0.1, 192.0.2.0/24,2001:db8:ffff::/48" });

/** The address that the audit has of a request with these headers. */
async function recorded(service: GuardedService, forwarded: readonly string[]): Promise<string | null> {
  const name = `m-${Math.random().toString(36).slice(2)}`;
  const { token } = await owner(service);
  const body = JSON.stringify({ name });
  const lines = [
    "POST /v1/models HTTP/1.1",
    "Host: localhost",
    `Authorization: Bearer ${token}`,
    ...forwarded,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
  ];
  const [answer] = await exchange(service.port, `${lines.join("\r\n")}\r\n\r\n${body}`, { enough: 1 });
  expect(answer?.status).toBe(201);
  const rows = await service.registry.db.auditEntry.findMany({ where: { object: name } });
  expect(rows).toHaveLength(1);
  return rows[0]?.address ?? null;
}

const owners = new Map<GuardedService, Promise<{ token: string }>>();
function owner(service: GuardedService): Promise<{ token: string }> {
  const made = owners.get(service) ?? service.identity("owner", uploader);
  owners.set(service, made);
  return made;
}

const claims = [
  `X-Forwarded-For: ${inside}`,
  `X-Forwarded-For: ${inside}, 127.0.0.1`,
  `X-Real-IP: ${inside}`,
  `Forwarded: for=${inside}`,
  `X-Client-IP: ${inside}`,
  `CF-Connecting-IP: ${inside}`,
];

describe("the address of a request", () => {
  it.each(claims)("is the other end of the connection, whatever it says: %s", async (claim) => {
    expect(await recorded(direct, [claim])).toBe("127.0.0.1");
  });

  it.each([
    ["the one that the proxy names", ["X-Forwarded-For: 10.1.2.3"], "10.1.2.3"],
    ["the right-most that is no trusted proxy", ["X-Forwarded-For: 1.1.1.1, 10.1.2.3, 192.0.2.7"], "10.1.2.3"],
    [
      "the same where there are several headers",
      ["X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 10.1.2.3", "x-forwarded-for: 192.0.2.7"],
      "10.1.2.3",
    ],
    ["one of IPv6", ["X-Forwarded-For: 2001:DB8::7, 2001:db8:ffff::1"], "2001:db8::7"],
    ["one that came with its port", ["X-Forwarded-For: 10.1.2.3:4711"], "10.1.2.3"],
    ["one of IPv6 that came with its port", ["X-Forwarded-For: [2001:db8::7]:4711"], "2001:db8::7"],
    ["one of IPv4 in the other's clothes", ["X-Forwarded-For: ::ffff:10.1.2.3"], "10.1.2.3"],
    ["the proxy, where it names none", [], "127.0.0.1"],
    ["the proxy, where what it names is none", ["X-Forwarded-For: unknown"], "127.0.0.1"],
    ["the nearest proxy that is known", ["X-Forwarded-For: 10.1.2.3, <b>, 192.0.2.7"], "192.0.2.7"],
    ["the proxy, where it names nothing", ["X-Forwarded-For: ,,"], "127.0.0.1"],
    ["the farthest proxy, where all are trusted", ["X-Forwarded-For: 192.0.2.8, 192.0.2.7"], "192.0.2.8"],
    ["the proxy, whatever else it sends", claims.filter((claim) => !claim.startsWith("X-Forwarded-For")), "127.0.0.1"],
  ])("is behind a trusted proxy %s", async (_, headers, address) => {
    expect(await recorded(proxied, headers)).toBe(address);
  });

  it("decides where a token may be used from", async () => {
    const far = { headers: { "x-forwarded-for": inside } };
    for (const [service, spoofed] of [
      [direct, 401],
      [proxied, 200],
    ] as const) {
      const { call } = await service.identity("bound", uploader, { networks: ["10.1.0.0/16"] });
      expect((await call("GET", "/v1/models")).status).toBe(401);
      expect((await call("GET", "/v1/models", far)).status).toBe(spoofed);
      expect((await call("GET", "/v1/models", { headers: { "x-forwarded-for": `${inside}, 8.8.8.8` } })).status).toBe(
        401,
      );
    }
  });

  it("is what is counted: one of IPv6 by its network, and none that somebody made up", async () => {
    const limit = { SLIPWAY_RATE_LIMIT_ADDRESS: "2" };
    const ask = async ({ call }: GuardedService, ...addresses: string[]) => {
      const statuses: number[] = [];
      for (const address of addresses)
        statuses.push((await call("GET", "/v1/models", { headers: { "x-forwarded-for": address } })).status);
      return statuses;
    };
    const spoofed = await guardedService(limit);
    expect(await ask(spoofed, "10.0.0.1", "10.0.0.2", "10.0.0.3")).toEqual([401, 401, 429]);
    const behind = await guardedService({ ...limit, SLIPWAY_TRUSTED_PROXIES: "127.0.0.0/8" });
    expect(await ask(behind, "10.0.0.1", "9.9.9.9, 10.0.0.1", "8.8.8.8,10.0.0.1")).toEqual([401, 401, 429]);
    expect(await ask(behind, "10.0.0.2", "10.0.0.2:1", "10.0.0.2:2")).toEqual([401, 401, 429]);
    expect(await ask(behind, "2001:db8::1", "2001:db8::ffff:1", "[2001:DB8:0:0:9::]:80")).toEqual([401, 401, 429]);
    expect(await ask(behind, "2001:db8:0:1::1")).toEqual([401]);
  });

  it("leaves host and scheme to what the connection says", async () => {
    const { call } = await owner(proxied).then(({ token }) => ({ call: proxied.as(token) }));
    const headers = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      origin: "https://evil.example",
    };
    const answer = await call("GET", "/v1/models", { headers });
    expect([answer.status, answer.json.type]).toEqual([403, "/problems/request_refused"]);
  });
});
