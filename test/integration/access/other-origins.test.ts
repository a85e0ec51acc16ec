import { describe, expect, it } from "vitest";
import { type GuardedService, guardedService } from "#test/access.ts";
import { exchange } from "#test/wire.ts";

const named = "https://ml.example.com";
const closed = await guardedService();
const open = await guardedService({ SLIPWAY_CORS_ORIGINS: `${named},http://localhost:5173` });
const reader = [{ role: "reader" as const, pattern: "*" }];
const tokens = new Map<GuardedService, string>();
for (const service of [closed, open]) tokens.set(service, (await service.identity("reader", reader)).token);

const foreign: [what: string, headers: Record<string, string>][] = [
  ["another site's script", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
  ["another site's script in an old browser", { origin: "https://evil.example" }],
  ["another site's image", { "sec-fetch-site": "cross-site" }],
  ["a page beside ours", { origin: "http://other.slipway.example", "sec-fetch-site": "same-site" }],
  ["a page on another port", { origin: "https://slipway.example:8443", "sec-fetch-site": "same-site" }],
  ["a page in a sandbox", { origin: "null" }],
  ["a page that says it is ours and is not", { origin: "https://slipway.example", "sec-fetch-site": "cross-site" }],
  ["a page whose name begins like ours", { origin: "https://slipway.example.evil.example" }],
];
const own: [what: string, headers: Record<string, string>][] = [
  ["no browser", {}],
  ["our page", { "sec-fetch-site": "same-origin" }],
  ["our page, to write", { origin: "http://slipway.example", "sec-fetch-site": "same-origin" }],
  ["our page behind a proxy that speaks TLS", { origin: "https://slipway.example", "sec-fetch-site": "same-origin" }],
  ["our page in an old browser", { origin: "https://SLIPWAY.example" }],
  ["the address line", { "sec-fetch-site": "none" }],
];

function as(service: GuardedService, headers: Record<string, string>) {
  const token = tokens.get(service) ?? "";
  return { headers: { host: "slipway.example", authorization: `Bearer ${token}`, ...headers } };
}

function corsHeaders(headers: Record<string, unknown>): string[] {
  return Object.keys(headers).filter((name) => name.startsWith("access-control-"));
}

describe("with access on", () => {
  it.each(["slipway.example", "10.0.0.9:7070", "[2001:db8::1]:7070", "localhost"])(
    "any host is answered: %s",
    async (host) => {
      expect((await closed.call("GET", "/v1/models", as(closed, { host }))).status).toBe(200);
    },
  );

  it("no host, or two, is none", async () => {
    for (const hosts of ["", "Host: a.example\r\nHost: b.example\r\n"]) {
      const [answer] = await exchange(closed.port, `GET /v1/models HTTP/1.1\r\n${hosts}\r\n`, { enough: 1 });
      expect([answer?.status, answer?.json.type]).toEqual([400, "/problems/invalid_request"]);
    }
  });

  it.each(foreign)("%s is refused, with a good token too", async (_, headers) => {
    for (const service of [closed, open])
      for (const method of ["GET", "HEAD", "POST", "OPTIONS", "DELETE"] as const) {
        const answer = await service.call(method, "/v1/models", as(service, headers));
        expect([method, answer.status]).toEqual([method, 403]);
        if (method !== "HEAD") expect(answer.json.type).toBe("/problems/request_refused");
        expect(corsHeaders(answer.headers)).toEqual([]);
      }
    expect(await closed.registry.db.model.count()).toBe(0);
  });

  it.each(own)("%s is answered", async (_, headers) => {
    expect((await closed.call("GET", "/v1/models", as(closed, headers))).status).toBe(200);
    expect((await closed.call("POST", "/v1/models", { ...as(closed, headers), json: { name: "x" } })).json.type).toBe(
      "/problems/forbidden", // and not for where it comes from
    );
  });

  it("another site's link leads to the open pages and to nothing else", async () => {
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    for (const path of ["/docs/", "/openapi.json", "/healthz", "/readyz", "/problems/not_found"])
      expect([path, (await closed.call("GET", path, { headers: link })).status]).toEqual([path, 200]);
    for (const path of ["/v1/models", "/v1/nothing", "/nothing", "/%76%31/models", "/v1/models/%ff"])
      expect([path, (await closed.call("GET", path, { headers: link })).status]).toEqual([path, 403]);
    expect((await closed.call("POST", "/docs/", { headers: link })).status).toBe(403);
    expect((await closed.call("GET", "/openapi.json", { headers: { ...link, origin: named } })).status).toBe(403);
  });
});

describe("CORS", () => {
  const preflight = (origin: string) => ({
    origin,
    "sec-fetch-site": "cross-site",
    "access-control-request-method": "PUT",
    "access-control-request-headers": "authorization,content-type",
  });

  it("is not spoken where no origin is named", async () => {
    for (const headers of [{}, preflight(named), preflight("http://slipway.example")])
      for (const path of ["/v1/models", "/v1/nothing", "/healthz"]) {
        const answer = await closed.call("OPTIONS", path, { headers: { host: "slipway.example", ...headers } });
        expect(answer.status, path).toBeGreaterThanOrEqual(400);
        expect(corsHeaders(answer.headers)).toEqual([]);
        expect(answer.headers["vary"]).toBeUndefined();
      }
  });

  it("answers a named origin's preflight without a token, on paths that lead nowhere as well", async () => {
    for (const path of ["/v1/models", "/v1/nothing", "/nothing"]) {
      const answer = await open.call("OPTIONS", path, { headers: preflight(named) });
      expect(answer.status).toBe(204);
      expect(answer.headers["access-control-allow-origin"]).toBe(named);
      expect(answer.headers["access-control-allow-headers"]).toContain("Authorization");
      expect(answer.headers["access-control-allow-methods"]).toContain("PUT");
      expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
      expect(answer.headers["vary"]).toBe("Origin");
    }
  });

  it("lets a named origin read answers and refusals, and nobody without a token do more", async () => {
    const page = { origin: named, "sec-fetch-site": "cross-site" };
    const answer = await open.call("GET", "/v1/models", as(open, page));
    expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([200, named]);
    expect(answer.headers["access-control-expose-headers"]).toContain("ETag");
    for (const [method, path, status] of [
      ["GET", "/v1/models", 401],
      ["POST", "/v1/models", 401],
      ["DELETE", "/v1/models", 401],
    ] as const) {
      const refused = await open.call(method, path, { headers: page });
      expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([status, named]);
    }
  });

  it("leaves other methods refused and unknown paths unknown, for whoever has a token", async () => {
    for (const [path, status] of [
      ["/v1/models", 405],
      ["/v1/nothing", 404],
    ] as const) {
      const answer = await open.call("OPTIONS", path, as(open, {}));
      expect([answer.status, corsHeaders(answer.headers)]).toEqual([status, []]);
      expect((await open.call("OPTIONS", path)).status).toBe(401);
    }
  });

  it("takes no origin that is only like a named one", async () => {
    for (const origin of [
      "http://ml.example.com",
      "https://ml.example.com:444",
      "https://ML.example.com.evil.example",
      "https://evil.example/https://ml.example.com",
    ])
      for (const method of ["OPTIONS", "GET"] as const) {
        const answer = await open.call(method, "/v1/models", as(open, preflight(origin)));
        expect([origin, answer.status, corsHeaders(answer.headers)]).toEqual([origin, 403, []]);
      }
  });
});
