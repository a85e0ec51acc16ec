import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { guardedService } from "#test/access.ts";
import { client, oidcProvider } from "#test/oidc-provider.ts";
import { whenDone } from "#test/when-done.ts";

const executablePath = "/usr/bin/chromium";
const there = existsSync(executablePath);
if (!there) console.warn("skipped: Chromium is not installed (Debian: apt-get install chromium)");

const publicUrl = "http://slipway.test";
const provider = await oidcProvider({ redirectUri: `${publicUrl}/v1/sign-in/callback` });
const service = await guardedService({
  SLIPWAY_PUBLIC_URL: publicUrl,
  SLIPWAY_OIDC_ISSUER: provider.url,
  SLIPWAY_OIDC_CLIENT_ID: client.id,
  SLIPWAY_OIDC_CLIENT_SECRET: client.secret,
  SLIPWAY_OIDC_SCOPES: "openid profile groups",
  SLIPWAY_OIDC_ROLES: "ml-admins=administrator:*",
});
provider.accounts["a-1"] = { preferred_username: "ada", groups: ["ml-admins"] };
provider.current = "a-1";

/** Cookies, policies and where requests come from are as a real browser has them. */
describe.skipIf(!there)("a browser", () => {
  let browser: Browser;

  beforeAll(async () => {
    // As root its sandbox cannot be set up.
    const args = ["--no-sandbox", `--host-resolver-rules=MAP slipway.test:80 127.0.0.1:${service.port}`];
    browser = await chromium.launch({ executablePath, args });
    whenDone(() => browser.close());
  });

  it("signs in by way of another site, the provider's, and lets a terminal in", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${publicUrl}/v1/sign-in`);
    expect(await page.title()).toBe("Signed in as ada");
    const shown = page.locator("details code");
    expect(await shown.isVisible()).toBe(false);
    await page.locator("summary").click();
    expect(await shown.textContent()).toMatch(/^slpw_[0-9A-Za-z]{38}$/);
    expect(await context.cookies(publicUrl)).toEqual([]);
    await page.reload();
    expect(await page.title()).toBe("Sign in invalid");

    const { json } = await service.call("POST", "/v1/sign-in/device", { json: { name: "a terminal" } });
    await page.goto(`${publicUrl}/v1/sign-in/terminal`);
    await page.locator("input").fill(json.userCode);
    await page.locator("button").click();
    await page.locator("a").click();
    await page.getByRole("button", { name: "Let it in" }).click();
    await page.waitForURL(/decision$/);
    expect(await page.title()).toBe("The terminal is let in");
    const given = await service.call("POST", "/v1/sign-in/device/token", { json: { deviceCode: json.deviceCode } });
    expect(given.json.identity).toBe("ada");
    await context.close();
  });
});
