import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { BuildFault } from "#core/images/image-builder.ts";
import { pythonOfTests } from "#standalone/setup/python-tests.mjs";
import { root } from "#standalone/setup/run-command.mjs";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { environmentOf } from "#test/service-processes.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const limitMs = 300_000;

/** A version whose metadata says so cannot be built. */
const builder = smallImageBuilder(async (_attempt, { metadata }) => {
  if ("unresolvable" in metadata)
    throw new BuildFault("requirements_unresolvable", `there is no version of ${metadata["unresolvable"]}`);
});

/** They are in Python, on one service for all; those that are about a service that is killed start an API process of their
 *  own on its parts. */
it("the Python client passes its tests", { timeout: limitMs + 10_000 }, async () => {
  const service = await testService();
  testWorker(service.registry, builder);
  const env = {
    ...process.env,
    SLIPWAY_URL: `http://127.0.0.1:${service.port}`,
    SLIPWAY_TEST_API_COMMAND: JSON.stringify([process.execPath, programPath("api")]),
    SLIPWAY_TEST_API_ENVIRONMENT: JSON.stringify(environmentOf(service, { LOG_LEVEL: "silent" })),
    PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1", // those of the other Python tests take seconds to import
  };
  const options = { cwd: join(root, "apps/python-client"), env, timeout: limitMs };
  const said = await promisify(execFile)(pythonOfTests, ["-m", "pytest", "--durations=10"], options).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }) => expect.fail(`${stdout}\n${stderr}`),
  );
  expect(said).toMatch(/\d+ passed/);
  if (process.env["TEST_LOG_LEVEL"] !== undefined) console.log(said);
});
