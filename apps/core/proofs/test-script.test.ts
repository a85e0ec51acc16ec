import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runTests, summaryMark } from "./test-script.ts";

it("tests are not run where the image's Python cannot import pytest: that is no failure of theirs", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-"));
  try {
    mkdirSync(join(folder, "tests"));
    // Without what this machine's own has installed.
    const said = execFileSync("python3", ["-S", "-c", runTests], { env: { ...process.env, MODEL_PATH: folder } });
    const [, summary = ""] = said.toString().split(summaryMark);
    const reason = /^pytest cannot be imported by the image's Python 3\.\d+: No module named 'pytest'$/;
    expect(JSON.parse(summary)).toEqual({ absent: expect.stringMatching(reason) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
