import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { guardedService } from "#test/access.ts";
import { whenDone } from "#test/when-done.ts";
import { attack, callWithToken, followLink } from "./page-scripts.mjs";

const executablePath = "/usr/bin/chromium";
const there = existsSync(executablePath);
if (!there) console.warn("skipped: Chromium is not installed (Debian: apt-get install chromium)");

const site = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<p>page"));
await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
whenDone(() => site.close());
const { port: sitePort } = site.address() as AddressInfo;

/** Names that lead to this machine. */
const [named, other] = [`http://named.test:${sitePort}`, `http://other.test:${sitePort}`];
const closed = await guardedService();
const open = await guardedService({ SLIPWAY_CORS_ORIGINS: named });

describe.skipIf(!there)("with access on, a browser's page", () => {
  let browser: Browser;
  let tokens: Map<typeof open, string>;

  beforeAll(async () => {
    const args = ["--no-sandbox", "--host-resolver-rules=MAP *.test 127.0.0.1"];
    browser = await chromium.launch({ executablePath, args });
    whenDone(() => browser.close());
    tokens = new Map();
    for (const service of [closed, open]) {
      const { call, token } = await service.identity("page", [{ role: "uploader", pattern: "*" }]);
      tokens.set(service, token);
      await call("POST", "/v1/models", { json: { name: "browsed" } });
      await call("POST", "/v1/models/browsed/versions", { json: { version: "1.0.0" } });
      expect((await call("PUT", "/v1/models/browsed/versions/1.0.0/files/a", { bytes: "abc" })).status).toBe(201);
    }
  });

  async function calls(service: typeof open, from: string): Promise<Record<string, string>> {
    const page = await browser.newPage();
    await page.goto(from);
    const got = await page.evaluate(callWithToken, {
      target: `http://slipway.test:${service.port}`,
      token: tokens.get(service) ?? "",
    });
    await page.close();
    return got;
  }

  const nothing = {
    read: "",
    write: "",
    "read of a file": "",
    "read without a token": "",
    "read with cookies": "",
  };

  it.each([named, other])("gets nothing by default, with a token too: %s", async (from) => {
    expect(await calls(closed, from)).toEqual(nothing);
    expect((await closed.admin("GET", "/v1/models/by-a-page")).status).toBe(404);
  });

  it("of a named origin calls with its token, and with nothing of the browser's", async () => {
    expect(await calls(open, named)).toEqual({
      read: "200 named",
      write: "201 named",
      "read of a file": "200 named",
      "read without a token": "401 named",
      "read with cookies": "",
    });
    expect((await open.admin("GET", "/v1/models/by-a-page")).json.createdBy).toBe("page");
  });

  it("of another origin gets nothing where one is named", async () => {
    expect(await calls(open, other)).toEqual(nothing);
  });

  it.each([named, other])("without a token reads nothing and changes nothing: %s", async (from) => {
    for (const service of [closed, open]) {
      const before = await service.registry.db.auditEntry.count();
      const page = await browser.newPage();
      await page.goto(from);
      const { read, attempts } = await page.evaluate(attack, `http://slipway.test:${service.port}`);
      expect(attempts).toBeGreaterThan(15);
      // A named origin reads that it needs a token, and the description of the API.
      const refusals = read.filter((found: string) => !/: .*(?:\/problems\/unauthenticated|"openapi")/.test(found));
      expect(refusals).toEqual([]);
      if (service === closed || from === other) expect(read).toEqual([]);
      expect(await service.registry.db.auditEntry.count()).toBe(before);
      await page.close();
    }
  });

  it("may lead to the documentation by a link", async () => {
    const page = await browser.newPage();
    await page.goto(`${other}/`);
    const answered = page.waitForResponse((response) => response.url().endsWith("/docs/"));
    await page.evaluate(followLink, `http://slipway.test:${closed.port}/docs/`);
    expect((await answered).status()).toBe(200);
    await page.locator("#operations-models-listModels").waitFor();
    await page.close();
  });

  it("of Slipway's own documentation may write", async () => {
    const page = await browser.newPage();
    await page.goto(`http://slipway.test:${closed.port}/docs/`);
    const got = await page.evaluate(callWithToken, { target: "", token: tokens.get(closed) ?? "" });
    expect(got).toEqual({
      read: "200 named",
      write: "201 named",
      "read of a file": "200 named",
      "read without a token": "401 named",
      "read with cookies": "200 named",
    });
    await page.close();
  });
});
