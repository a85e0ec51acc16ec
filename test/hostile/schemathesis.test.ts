import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { schemathesisPath } from "#standalone/setup/schemathesis.mjs";
import { apiProcess } from "#test/service-processes.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testService } from "#test/test-service.ts";

const there = existsSync(schemathesisPath);
if (!there) console.warn("skipped: schemathesis is not installed (npm run test:hostile brings it)");

const seed = 20261123;
const adminToken = "schemathesis-is-an-administrator-here";

/** Not run: it takes whatever fits the schema for something that must be accepted, and a cursor that nobody gave out, a
 *  path in another Unicode form, a lock of nothing and a package without a model all fit theirs. */
const leftOut = "positive_data_acceptance";

/** Its own list, with what a URL beyond measure is answered. */
const rejections = `
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 414, 415, 422, 428, 429, 431]
`;

/** It has no way of its own to write what tus sends. */
const hooks = `
import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
`;

describe.skipIf(!there)("schemathesis", () => {
  it.each([
    ["off", []],
    ["on", ["--header", `Authorization: Bearer ${adminToken}`]],
  ])(
    "finds nothing that the OpenAPI document does not promise, access %s",
    async (access, header) => {
      const settings = { SLIPWAY_ACCESS: access, SLIPWAY_ADMIN_TOKEN: adminToken };
      const service = await testService(settings);
      const headers = { authorization: `Bearer ${adminToken}` };
      await service.call("POST", "/v1/models", { json: { name: "churn" }, headers });
      const { port } = await apiProcess(service, { LOG_LEVEL: "warn", ...settings });
      const cwd = temporaryFolder();
      writeFileSync(`${cwd}/schemathesis.toml`, rejections);
      writeFileSync(`${cwd}/hooks.py`, hooks);
      console.log(`schemathesis: seed ${seed}`);
      const run = promisify(execFile)(
        schemathesisPath,
        [
          "run",
          `http://127.0.0.1:${port}/openapi.json`,
          ...["--checks", "all", "--exclude-checks", leftOut, "--seed", String(seed)],
          ...header,
          // One worker: two threads that parse Python at once end now and then in CPython 3.11's "AST constructor
          // recursion depth mismatch" (python/cpython#106905).
          ...["--max-examples", "12", "--workers", "1"],
          // How long it takes to think of a request says nothing of the service.
          ...["--suppress-health-check", "too_slow"],
          ...[
            "--phases",
            "examples,coverage,fuzzing,stateful",
            "--request-timeout",
            "60",
            "--warnings",
            "off",
            "--continue-on-failure",
          ],
        ],
        {
          cwd,
          maxBuffer: 64 * 1024 * 1024,
          env: { ...process.env, SCHEMATHESIS_HOOKS: "hooks", PYTHONPATH: cwd, NO_COLOR: "1", COLUMNS: "160" },
        },
      );
      const { stdout } = await run.catch((error: { stdout?: string; message: string }) => ({
        stdout: error.stdout ?? error.message,
      }));
      const findings = stdout.slice(Math.max(0, stdout.search(/^=+ (FAILURES|ERRORS) =+$/m)));
      expect(findings.slice(0, 20_000)).toMatch(/No issues found/);
    },
    400_000,
  );
});
