import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { readConfig } from "#core/config.ts";
import { pageBlocks } from "#test/page-blocks.ts";
import { plainSettings } from "#test/secret-settings.ts";
import { signingIn } from "#test/sign-in.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";

/*
 * docs/sign-in.md, as it stands: its settings are read, and its requests are made by a shell with curl and jq.
 */
const blocks = (language: string) => pageBlocks("docs/sign-in.md", language).map(({ text }) => text);
const { service, provider, newBrowser } = await signingIn();
const folder = temporaryFolder();

async function shell(text: string): Promise<string> {
  const env = { ...process.env, SLIPWAY_TOKEN: service.registry.config.access.adminToken ?? "" };
  const [beginning = ""] = blocks("sh").flatMap((block) => /^API=.*$/m.exec(block) ?? []);
  const whole = `set -euo pipefail\n${beginning}\n${text}`.replaceAll("127.0.0.1:7070", `127.0.0.1:${service.port}`);
  return (await promisify(execFile)("bash", ["-c", whole], { cwd: folder, env })).stdout;
}

it("shows settings that can be read", () => {
  const shown = blocks("ini").map((text) => {
    const settings = Object.fromEntries(
      text
        .trim()
        .split("\n")
        .map((line) => line.split(/=(.*)/s, 2)),
    );
    expect(settings.SLIPWAY_OIDC_CLIENT_SECRET_FILE).toBe("/run/secrets/oidc-client-secret");
    const { SLIPWAY_OIDC_CLIENT_SECRET_FILE: _, ...others } = settings;
    return readConfig({ ...plainSettings, ...others }).signIn?.roles.length;
  });
  expect(shown).toEqual([4, 2]);
});

it("shows how an account is tied, and how a terminal is let in", async () => {
  const [tie = "", start = "", wait = ""] = blocks("sh");
  const grants = [{ role: "reader", pattern: "*" }];
  await service.admin("POST", "/v1/identities", { json: { name: "grace@example.com", kind: "person", grants } });
  expect(JSON.parse(await shell(tie)).signIn.subject).toBe("248289761001");

  const said = await shell(start);
  const [, path = ""] = /^open https:\/\/slipway\.example\.com(\S+) and compare [B-Z]{4}-[B-Z]{4}$/m.exec(said) ?? [];
  provider.current = "248289761001";
  const given = shell(`${wait.replace("sleep 5", "sleep 0.1")}\necho "$TOKEN"`);
  const browser = newBrowser();
  const asked = await browser.get(await browser.toCallback(path.replace("/terminal", "")));
  await browser.submit(asked, "/v1/sign-in/callback", { letIn: "yes" });
  const { json: me } = await service.as((await given).trim())("GET", "/v1/me");
  expect([me.name, me.token.name]).toEqual(["grace@example.com", "terminal the laptop of grace"]);
});
