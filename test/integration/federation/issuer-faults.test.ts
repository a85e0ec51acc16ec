import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseNetwork } from "#core/access/networks.ts";
import { keyTimes, openIssuerKeys } from "#core/federation/issuer-keys.ts";
import { makeLogger } from "#core/logger.ts";
import { pipelines } from "#test/pipelines.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { type TestIssuer, testIssuer } from "#test/test-issuer.ts";
import { whenDone } from "#test/when-done.ts";

const log = makeLogger({ level: "silent", part: "test" });
const networks = [parseNetwork("127.0.0.1")];
const nothing = () => ({});
const folder = temporaryFolder();

function keysWithClock(within = networks) {
  const clock = { ms: 1_000 };
  return { clock, keys: openIssuerKeys({ log, networks: within, ca: null }, () => clock.ms) };
}

const inward = await testIssuer(nothing);
const kidOf = (issuer: TestIssuer) => issuer.key().jwk.kid;
const down: RequestListener = (_request, response) => response.writeHead(500).end("no");

describe("the keys of an issuer", () => {
  it("are asked for once by all who ask together, and again when they are ten minutes old", async () => {
    const { clock, keys } = keysWithClock();
    const issuer = await testIssuer(nothing);
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.find(issuer.url, kidOf(issuer))));
    expect(found.every((each) => each.length === 1)).toBe(true);
    clock.ms += keyTimes.freshMs - 1;
    await keys.find(issuer.url, kidOf(issuer));
    expect(issuer.asked).toEqual({ discovery: 1, keys: 1 });
    clock.ms += 1;
    await keys.find(issuer.url, kidOf(issuer));
    expect(issuer.asked).toEqual({ discovery: 2, keys: 2 });
  });

  it("rotate: a new one is asked for, but not by whoever invents names", async () => {
    const { clock, keys } = keysWithClock();
    const issuer = await testIssuer(nothing);
    const first = kidOf(issuer);
    await keys.find(issuer.url, first);
    const { jwk } = await issuer.rotate();
    for (let each = 0; each < 50; each += 1) expect(await keys.find(issuer.url, `invented ${each}`)).toEqual([]);
    expect(issuer.asked.keys).toBe(1);
    clock.ms += keyTimes.cooldownMs;
    expect(await keys.find(issuer.url, jwk.kid)).toHaveLength(1);
    expect(await keys.find(issuer.url, first)).toHaveLength(1);
    expect(issuer.asked.keys).toBe(2);
  });

  it("that it takes back are good for ten minutes at most", async () => {
    const { clock, keys } = keysWithClock();
    const issuer = await testIssuer(nothing);
    const first = kidOf(issuer);
    await keys.find(issuer.url, first);
    const { jwk } = await issuer.rotate();
    issuer.published = [jwk];
    clock.ms += keyTimes.freshMs;
    expect(await keys.find(issuer.url, first)).toEqual([]);
  });

  it("go on for an hour while it is down, and it is asked every five seconds at most", async () => {
    const { clock, keys } = keysWithClock();
    const issuer = await testIssuer(nothing);
    await keys.find(issuer.url, kidOf(issuer));
    issuer.instead = down;
    clock.ms += keyTimes.staleMs - 1;
    for (let each = 0; each < 10; each += 1) expect(await keys.find(issuer.url, kidOf(issuer))).toHaveLength(1);
    await expect(keys.find(issuer.url, "new")).rejects.toMatchObject({ code: "issuer_unavailable" });
    expect(issuer.asked.discovery).toBe(2);
    clock.ms += 1;
    await expect(keys.find(issuer.url, kidOf(issuer))).rejects.toMatchObject({ code: "issuer_unavailable" });
    issuer.instead = null;
    clock.ms += keyTimes.failedMs;
    expect(await keys.find(issuer.url, kidOf(issuer))).toHaveLength(1);
  });

  it("that are shared secrets are not among them", async () => {
    const { keys } = keysWithClock();
    const issuer = await testIssuer(nothing);
    issuer.published = [{ kty: "oct", k: "c2VjcmV0", kid: "shared", alg: "HS256" }];
    expect(await keys.find(issuer.url, "shared")).toEqual([]);
  });

  it("are not asked for on a network that the settings do not name", async () => {
    const { keys } = keysWithClock([]);
    const issuer = await testIssuer(nothing);
    await expect(keys.find(issuer.url, "any")).rejects.toMatchObject({ code: "issuer_unavailable" });
    const byName = issuer.url.replace("127.0.0.1", "localhost");
    await expect(keys.find(byName, "any")).rejects.toMatchObject({ code: "issuer_unavailable" });
    expect(issuer.asked.discovery).toBe(0);
  });
});

describe("an issuer that answers wrongly", () => {
  const json = (value: unknown): RequestListener => {
    return (_request, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
  };
  it.each<[string, (issuer: TestIssuer) => RequestListener]>([
    [
      "with a redirect, inward or not",
      () => (_request, response) => response.writeHead(302, { location: inward.url }).end(),
    ],
    [
      "with HTML",
      () => (_request, response) => response.setHeader("content-type", "text/html").end("<html>sign in</html>"),
    ],
    ["without an end", () => (_request, response) => endless(response)],
    ["with another issuer's document", () => json({ issuer: inward.url, jwks_uri: `${inward.url}/keys` })],
    ["with its own name and a slash", ({ url }) => json({ issuer: `${url}/`, jwks_uri: `${url}/keys` })],
    ["with keys in a file", ({ url }) => json({ issuer: url, jwks_uri: "file:///etc/passwd" })],
    ["with keys on another machine without TLS", ({ url }) => json({ issuer: url, jwks_uri: "http://10.0.0.1/keys" })],
    ["with keys of a private network", ({ url }) => json({ issuer: url, jwks_uri: "https://169.254.169.254/keys" })],
    ["with a list", () => json([])],
    ["with keys that are none", ({ url }) => json({ issuer: url, jwks_uri: `${url}/keys`, keys: "none" })],
    ["by hanging up", () => (request) => request.socket.destroy()],
  ])("%s gives no keys, and nothing behind it is called", async (_how, instead) => {
    const { keys } = keysWithClock();
    const issuer = await testIssuer(nothing);
    issuer.instead = instead(issuer);
    await expect(keys.find(issuer.url, "any")).rejects.toMatchObject({ code: "issuer_unavailable" });
    expect(inward.asked).toEqual({ discovery: 0, keys: 0 });
  });
});

it("an issuer whose certificate a company has signed is believed with that company's authority alone", async () => {
  const [key, cert] = ["key", "cert"].map((name) => join(folder, name)) as [string, string];
  const self = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=issuer"];
  execFileSync("openssl", [...self, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  const behind = await testIssuer(nothing);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, ({ url }, response) => {
    const document = { issuer, jwks_uri: `${issuer}/keys`, keys: behind.published };
    response.end(JSON.stringify(url === "/keys" ? { keys: document.keys } : document));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => server.close());
  const issuer = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ca = readFileSync(cert, "utf8");
  expect(await openIssuerKeys({ log, networks, ca }).find(issuer, kidOf(behind))).toHaveLength(1);
  const without = openIssuerKeys({ log, networks, ca: null }).find(issuer, kidOf(behind));
  await expect(without).rejects.toMatchObject({ code: "issuer_unavailable" });
});

it("an issuer that is silent is answered for after some seconds, with when to come again, and not asked again at once", async () => {
  const { service, github, rule, exchange } = await pipelines();
  await rule("slow", "github");
  const token = await github.token();
  github.instead = () => {};
  const answer = await exchange(token);
  expect([answer.status, answer.json.type]).toEqual([503, "/problems/issuer_unavailable"]);
  expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
  const { discovery } = github.asked;
  const again = performance.now();
  expect((await exchange(token)).status).toBe(503);
  if (performance.now() - again < keyTimes.failedMs) expect(github.asked.discovery).toBe(discovery);
  expect((await service.admin("GET", "/v1/models")).status).toBe(200);
});

function endless(response: Parameters<RequestListener>[1]): void {
  const more = (): void => {
    if (!response.destroyed) response.write(" ".repeat(65_536), () => setImmediate(more));
  };
  response.on("error", () => {});
  more();
}
