import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { root } from "#standalone/setup/run-command.mjs";
import { pageBlocks, smallJq } from "#test/page-blocks.ts";
import { promotionPeople } from "#test/promotion-people.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testWorker } from "#test/test-worker.ts";

/*
 * docs/cli.md as it stands: its shell blocks, one after the other in one bash, with the command that its first line packs and installs.
 * Packages lie in a folder of their own. A jq of three words stands in for the real one, which a new machine may not have.
 */
const { service, lead } = await promotionPeople();
testWorker(service.registry, smallImageBuilder());
const admin = await service.identity("admin", [{ role: "administrator", pattern: "*" }]);

const prelude = `
set -euo pipefail
${smallJq}
`;

it("does what its page says, from the packed tarball, by a new user", { timeout: 200_000 }, async () => {
  await service.admin("PUT", "/v1/policies/churn/canary", { json: { approvals: { count: 1 } } });
  const [install = "", ...blocks] = pageBlocks("docs/cli.md", "sh").map(({ text }) => text);
  const home = await mkdtemp(join(temporaryFolder(), "new-user-"));
  const prefix = join(home, "installed");
  const ran = (lines: string[]) =>
    promisify(execFile)("bash", ["-c", [prelude, ...lines].join("\n")], {
      cwd: root,
      env: {
        PATH: `${prefix}/bin:${process.env["PATH"]}`,
        HOME: home,
        npm_config_prefix: prefix,
        npm_config_offline: "true",
        SLIPWAY_TOKEN: admin.token,
        LEAD: lead.token,
      },
      timeout: 180_000,
    });
  const url = `http://127.0.0.1:${service.port}`;
  const { stdout } = await ran([
    install.replace("https://slipway.example.com", url),
    'test "$(command -v slipway)" = "$HOME/installed/bin/slipway"',
    'cd "$HOME"',
    "unset SLIPWAY_TOKEN", // what login has kept is good from here on
    ...blocks,
  ]);
  expect(stdout).toMatch(/^admin at http/m);
  expect(stdout).toMatch(/^servable +python: src\/predictor\.py:Predictor$/m);
  expect(stdout).toMatch(/^churn:prod is at 1\.0\.0, revision 3$/m);
  expect(stdout).toMatch(/^3 +1\.0\.0 +1\.1\.0 .*incident 42$/m);
  expect(stdout).toMatch(/approvals +waiting/);
  expect(stdout).toMatch(/^holds +served\/src\/predictor\.py$/m);
  expect(stdout).toMatch(/^churn:staging is at 1\.1\.1, revision 1$/m);
  const { json } = await service.admin("GET", "/v1/models/churn/tags/canary");
  expect(json.version).toBe("1.1.0");
});
