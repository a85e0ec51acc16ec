import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { parseNetwork } from "#core/access/networks.ts";
import { guardedLookup, mayCall } from "#core/guarded-target.ts";
import { sendMessage } from "#core/webhooks/send-message.ts";
import { testService } from "#test/test-service.ts";
import { receiver, testWebhooks } from "#test/test-webhooks.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const loopback = [parseNetwork("127.0.0.0/8")];
const never = new AbortController().signal;
const sending = (url: string, networks = loopback) => ({
  url: new URL(url),
  headers: { "content-type": "application/json" },
  body: "{}",
  networks,
  ca: null,
});

describe("where events may be sent", () => {
  it.each([
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "2001:db8::1",
    "no address",
  ])("is not %s, unless its network is allowed", (address) => {
    expect(mayCall(address, { https: true, networks: [] })).toBe(false);
    expect(mayCall(address, { https: true, networks: [parseNetwork("10.1.0.0/16")] })).toBe(false);
  });

  it("is the public internet over TLS, and allowed networks in any way", () => {
    for (const address of ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]) {
      expect(mayCall(address, { https: true, networks: [] })).toBe(true);
      expect(mayCall(address, { https: false, networks: [] })).toBe(false);
    }
    const networks = [parseNetwork("10.1.0.0/16"), parseNetwork("fd00:1::/32")];
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "fd00:1::7"])
      expect(mayCall(address, { https: false, networks })).toBe(true);
    expect(mayCall("10.2.0.1", { https: true, networks })).toBe(false);
  });

  it("is decided when the socket looks the name up, of every address that it has", async () => {
    const answer = (networks: typeof loopback) =>
      new Promise((resolve) =>
        guardedLookup({ https: true, networks, otherwise: "no" })("localhost", { all: true }, (error, addresses) =>
          resolve(error ?? addresses),
        ),
      );
    expect(await answer([])).toMatchObject({
      message: expect.stringMatching(/^localhost is no address of the public/),
    });
    expect(await answer(loopback)).toEqual([{ address: "127.0.0.1", family: 4 }]);
  });
});

describe("what is sent", () => {
  it("does not reach a name of a private address: there is no connection, and the log says why", async () => {
    const service = await testService({ SLIPWAY_SECRET_KEY: "a secret key of the tests that is long enough" });
    testWebhooks(service.registry);
    let connections = 0;
    const server = createServer();
    server.on("connection", () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    whenDone(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const url = `https://localhost:${port}/hook`;
    const { json } = await service.call("POST", "/v1/webhooks", { json: { url } });
    await service.call("POST", "/v1/models", { json: { name: "churn" } });
    const tried = await waitUntil("an attempt", async () => {
      const { items } = (await service.call("GET", `/v1/webhooks/${json.id}/deliveries`)).json;
      return items[0]?.attempts > 0 ? items[0] : null;
    });
    expect(tried).toMatchObject({
      status: "waiting",
      statusCode: null,
      error: "localhost is no address of the public internet: SLIPWAY_WEBHOOK_NETWORKS can let events go there",
    });
    expect(connections).toBe(0);
    for (const refused of [`https://127.0.0.1:${port}`, `https://[::1]:${port}`, `https://2130706433:${port}`])
      expect((await service.call("POST", "/v1/webhooks", { json: { url: refused } })).status).toBe(422);
    await service.call("DELETE", `/v1/webhooks/${json.id}`);
  });

  it("goes to no address without a look-up either", async () => {
    const target = await receiver();
    const outcome = await sendMessage(sending(target.url, []), never);
    expect(outcome).toMatchObject({
      taken: false,
      error: expect.stringContaining("127.0.0.1 is not reached over TLS"),
    });
    expect(target.received).toEqual([]);
  });

  it("is told how long the answer asks to be left alone, an hour at most", async () => {
    const asks = ["7", new Date(Date.now() + 100_000).toUTCString(), "90000", "soon", "-1"];
    const target = await receiver((_, response) => {
      response.writeHead(503, { "retry-after": asks[target.received.length - 1] }).end();
      return null;
    });
    const heard: number[] = [];
    for (const _ of asks) heard.push((await sendMessage(sending(target.url), never)).retryAfterMs);
    expect(heard).toEqual([7_000, expect.closeTo(100_000, -5), 3_600_000, 0, 0]);
  });

  it("follows no redirect", async () => {
    const secret = await receiver();
    const target = await receiver((_, response) => {
      response.writeHead(307, { location: secret.url }).end();
      return null;
    });
    expect(await sendMessage(sending(target.url), never)).toMatchObject({
      taken: false,
      statusCode: 307,
      error: "answered 307, and redirects are not followed",
    });
    expect(secret.received).toEqual([]);
  });

  it("reads of an answer without an end no more than its beginning", async () => {
    let sentBytes = 0;
    const target = await receiver((_, response) => {
      response.writeHead(500);
      const chunk = Buffer.alloc(16_384, "no ");
      const write = (): void => {
        while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length;
      };
      response.on("drain", write);
      write();
      return null;
    });
    const { error, statusCode } = await sendMessage(sending(target.url), never);
    expect(statusCode).toBe(500);
    expect(error).toHaveLength("answered 500: ".length + 200);
    expect(sentBytes).toBeLessThan(8 * 1024 * 1024); // what sockets hold
  });
});
