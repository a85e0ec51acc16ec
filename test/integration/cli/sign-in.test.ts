import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { commandPath } from "#standalone/setup/service-programs.mjs";
import { decide, signingIn, toDecision } from "#test/sign-in.ts";
import { slipwayCommand } from "#test/slipway-command.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { terminalName } from "../../../apps/cli/service/sign-in.ts";

const { service, provider, newBrowser } = await signingIn();
const url = `http://127.0.0.1:${service.port}`;
provider.accounts["g-1"] = { preferred_username: "grace", groups: ["fraud-team"] };
provider.current = "g-1";

/** `slipway login` on a terminal: what it shows, and its end. */
function loginOnTerminal() {
  const home = temporaryFolder();
  const env = { PATH: process.env["PATH"], TERM: "xterm", NO_COLOR: "1", HOME: home, XDG_CONFIG_HOME: home };
  const child = spawn("script", ["-qefc", `"${process.execPath}" "${commandPath}" login ${url}`, "/dev/null"], { env });
  whenDone(() => child.kill("SIGKILL"));
  let shown = "";
  child.stdout.on("data", (chunk) => (shown += chunk));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    home,
    shown: () => shown,
    link: () => waitUntil("it shows a link", async () => /Open (\S+)\s/.exec(shown)?.[1]),
    ended,
  };
}

it("signs in with a browser that lets the terminal in, and keeps the token", async () => {
  const login = loginOnTerminal();
  const link = await login.link();
  const code = new URL(link).searchParams.get("code") ?? "";
  expect(code).toMatch(/^[B-Z]{4}-[B-Z]{4}$/);
  await waitUntil("it shows the code", async () => login.shown().includes(`shows ${code}`));
  const browser = newBrowser();
  await decide(browser, await toDecision(browser, { verificationUriComplete: link }), "yes");
  expect(await login.ended).toBe(0);
  expect(login.shown()).toMatch(/grace at http.*, until 20/);
  const { profiles } = JSON.parse(readFileSync(join(login.home, "slipway", "config.json"), "utf8"));
  expect(profiles.default).toEqual({ url, token: expect.stringMatching(/^slpw_/) });
  expect(login.shown()).not.toContain(profiles.default.token);
});

it("says that it was refused", async () => {
  const login = loginOnTerminal();
  const link = await login.link();
  const browser = newBrowser();
  await decide(browser, await toDecision(browser, { verificationUriComplete: link }), "no");
  expect(await login.ended).toBe(4);
  expect(login.shown()).toMatch(/slipway: .*refused/);
});

it("names a terminal by as much of its host's name as the service takes", async () => {
  const name = terminalName(`churn-trainer-${"x".repeat(50)}`);
  expect(name).toMatch(/^churn-trainer-x+$/);
  expect((await service.call("POST", "/v1/sign-in/device", { json: { name } })).status).toBe(201);
});

it("waits for nobody where there is no terminal", async () => {
  const { code, errors } = await slipwayCommand({}).run(["login", url]);
  expect([code, errors]).toEqual([2, expect.stringContaining("there is no terminal to sign in from")]);
});
