import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, it } from "vitest";
import { pythonOfTests } from "#standalone/setup/python-tests.mjs";
import { root } from "#standalone/setup/run-command.mjs";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { assemblingWorker } from "#test/assembling-worker.ts";
import { environmentOf } from "#test/service-processes.ts";
import { testService } from "#test/test-service.ts";

/*
 * The tests of apps/python-client, which are in Python, on a service that they share; those that are about a service that
 * is killed start an API process of their own on its parts.
 */
const client = join(root, "apps/python-client");
const files = readdirSync(join(client, "tests")).filter((name) => /^test_.*\.py$/.test(name));
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  const service = await testService();
  await assemblingWorker(service.registry);
  environment = {
    ...process.env,
    SLIPWAY_URL: `http://127.0.0.1:${service.port}`,
    SLIPWAY_TEST_API_COMMAND: JSON.stringify([process.execPath, programPath("api")]),
    SLIPWAY_TEST_API_ENVIRONMENT: JSON.stringify(environmentOf(service, { LOG_LEVEL: "silent" })),
  };
});

it.each(files)("passes %s", async (file) => {
  const options = { cwd: client, env: environment, timeout: 110_000 };
  const ended = promisify(execFile)(pythonOfTests, ["-m", "pytest", "--durations=3", `tests/${file}`], options);
  const said = await ended.then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => expect.fail(`${stdout}\n${stderr}`),
  );
  if (process.env["TEST_LOG_LEVEL"] !== undefined) console.log(said);
});
