import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Browser, chromium } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { expectNothingChanged, kept } from "#test/aftermath.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { whenDone } from "#test/when-done.ts";
import { attack, followLink, runUploadedFiles, submitForm } from "./page-scripts.mjs";

const executablePath = "/usr/bin/chromium";
const there = existsSync(executablePath);
if (!there) console.warn("skipped: Chromium is not installed (Debian: apt-get install chromium)");

const service = await testService();
const { port } = service;
const script =
  "document.title = 'run'; window.run = true; fetch('/v1/models', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{\"name\":\"by-a-file\"}'})";
const uploaded = {
  "index.html": `<title>shown</title><script>${script}</script>`,
  "picture.svg": `<svg xmlns="http://www.w3.org/2000/svg"><script>${script}</script></svg>`,
  "code.js": script,
};

describe.skipIf(!there)("a browser", () => {
  let browser: Browser;
  let evilPort = 0;

  beforeAll(async () => {
    await draftOf(service, "browsed", "1.0.0", uploaded);
    const site = createServer((_request, response) =>
      response.setHeader("content-type", "text/html").end("<title>evil</title>"),
    );
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    whenDone(() => site.close());
    evilPort = (site.address() as AddressInfo).port;
    // As root its sandbox cannot be set up; evil.test is a name that was bent to this machine.
    const args = ["--no-sandbox", "--host-resolver-rules=MAP evil.test 127.0.0.1"];
    browser = await chromium.launch({ executablePath, args });
    whenDone(() => browser.close());
  });

  it.each(["127.0.0.1", "localhost", "evil.test", "evil.localhost"])(
    "with another site's page open reads nothing and changes nothing at %s",
    async (host) => {
      const before = await kept(service);
      for (const from of [
        `http://evil.test:${evilPort}/`,
        `http://evil.localhost:${evilPort}/`,
        `http://127.0.0.1:${evilPort}/`,
      ]) {
        const page = await browser.newPage();
        await page.goto(from);
        const findings = await page.evaluate(attack, `http://${host}:${port}`);
        expect({ from, ...findings }).toEqual({ from, read: [], attempts: expect.any(Number) });
        expect(findings.attempts).toBeGreaterThan(15);
        await page.close();
      }
      await expectNothingChanged(service, before);
    },
  );

  it.each(["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])(
    "that sends another site's form as %s is told so, and nothing is changed",
    async (type) => {
      const before = await kept(service);
      const page = await browser.newPage();
      await page.goto(`http://evil.test:${evilPort}/`);
      const answered = page.waitForResponse((response) => response.url().endsWith("/v1/models"));
      await page.evaluate(submitForm, { action: `http://127.0.0.1:${port}/v1/models`, enctype: type });
      expect((await answered).status()).toBe(403);
      await page.close();
      await expectNothingChanged(service, before);
    },
  );

  it("that follows another site's link gets no page of Slipway's", async () => {
    const page = await browser.newPage();
    await page.goto(`http://evil.test:${evilPort}/`);
    const answered = page.waitForResponse((response) => response.url().endsWith("/docs/"));
    await page.evaluate(followLink, `http://localhost:${port}/docs/`);
    expect((await answered).status()).toBe(403);
    await page.close();
  });

  it.each(Object.keys(uploaded))(
    "that is sent to an uploaded file downloads it and neither shows nor runs it: %s",
    async (name) => {
      const before = await kept(service);
      const page = await browser.newPage();
      const download = page.waitForEvent("download");
      await page.goto(`http://127.0.0.1:${port}/v1/models/browsed/versions/1.0.0/files/${name}`).catch(() => {}); // a download is no page
      expect((await download).suggestedFilename()).toBe(name);
      expect(await page.title()).toBe("");
      await page.close();
      await expectNothingChanged(service, before);
    },
  );

  it("runs no uploaded file even in a page of Slipway's own", async () => {
    const before = await kept(service);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/docs/`);
    const ran = await page.evaluate(runUploadedFiles, "/v1/models/browsed/versions/1.0.0/files");
    expect(ran).toEqual([]);
    await page.close();
    await expectNothingChanged(service, before);
  });

  it("shows Slipway's own documentation, and a request made there is answered", async () => {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`http://localhost:${port}/docs/`);
    const operation = page.locator("#operations-models-listModels");
    await operation.locator(".opblock-summary").click();
    await operation.locator(".try-out__btn").click();
    await operation.locator(".execute").click();
    await operation.locator(".live-responses-table tbody .response-col_status").first().waitFor();
    expect(await operation.locator(".live-responses-table tbody .response-col_status").first().textContent()).toContain(
      "200",
    );
    await sleep(200);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
