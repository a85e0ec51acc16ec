import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { root } from "#standalone/setup/run-command.mjs";
import { commandPath } from "#standalone/setup/service-programs.mjs";
import { apiTypes } from "#test/api-types.ts";
import { slipwayCommand } from "#test/slipway-command.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";

/** The service is in this process, and has to answer meanwhile. */
const ran = promisify(execFile);
const service = await testService();
const url = `http://127.0.0.1:${service.port}`;
const slipway = slipwayCommand({ SLIPWAY_URL: url });
for (const name of ["churn", "fraud.scores-of-a-long-name"]) await draftOf(service, name, "1.0.0");

it("has the types of the API as it is", async () => {
  const { json } = await service.call("GET", "/openapi.json");
  const kept = readFileSync(join(root, "apps/cli/api-types.d.ts"), "utf8");
  expect(kept === (await apiTypes(json)), "out of date: npm run docs").toBe(true);
});

it("ends quietly where nobody reads on", async () => {
  const script = `set -o pipefail; "${process.execPath}" "${commandPath}" ls --url ${url} | head -c 1 >/dev/null; echo $?`;
  const { stdout, stderr } = await ran("bash", ["-c", script]);
  expect([stdout.trim(), stderr]).toEqual(["0", ""]);
});

it("fails where what was asked for has no room", async () => {
  const script = `"${process.execPath}" "${commandPath}" ls --url ${url} >/dev/full; echo $?`;
  const { stdout, stderr } = await ran("bash", ["-c", script]);
  expect([stdout.trim(), stderr]).toEqual(["1", expect.stringContaining("there is no room")]);
});

it("fits a narrow terminal, coloured unless it is not wanted", async () => {
  const inTerminal = async (env: string) =>
    (
      await ran(
        "script",
        ["-qec", `stty cols 30; ${env} "${process.execPath}" "${commandPath}" ls --url ${url}`, "/dev/null"],
        {
          env: { PATH: process.env["PATH"], TERM: "xterm", HOME: temporaryFolder() },
        },
      )
    ).stdout;
  const plain = await inTerminal("NO_COLOR=1");
  expect(plain).not.toContain("\u001b[");
  for (const line of plain.split(/\r?\n/)) expect(line.length).toBeLessThanOrEqual(30);
  expect(plain).toContain("…");
  expect(await inTerminal("")).toContain("\u001b[2m");
});

it("has no colour without a terminal", async () => {
  const { out } = await slipway.run(["ls"]);
  expect(out).not.toContain("\u001b[");
});

it.each(["bash", "zsh", "fish"])("completes in %s", async (shell) => {
  const { code, out } = await slipway.run(["completion", shell]);
  expect(code).toBe(0);
  for (const word of ["push", "rollback", "follow-links"]) expect(out).toContain(word);
  if (shell === "bash") {
    const asked = `${out}\nCOMP_WORDS=(slipway pu) COMP_CWORD=1; _slipway; echo "\${COMPREPLY[@]}"`;
    expect((await ran("bash", ["-c", asked])).stdout.trim().split(" ")).toEqual(["push", "pull"]);
  }
});
