import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Failure } from "../failure.ts";
import { inMarkdown } from "./markdown.ts";
import { report, reported } from "./report.ts";

const folder = mkdtempSync(join(tmpdir(), "slipway-report-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [summary, outputs] = [join(folder, "summary.md"), join(folder, "outputs")];

it("appends to what is there, and leaves out what is not known", () => {
  report({ summary, outputs }, "# one\n", { SLIPWAY_VERSION: "1.0.0-rc.1", SLIPWAY_IMAGE: null });
  report({ summary, outputs }, "# two", { SLIPWAY_IMAGE: "[::1]:5000/ml/churn@sha256:0a" });
  expect(readFileSync(summary, "utf8")).toBe("# one\n\n# two\n\n");
  expect(readFileSync(outputs, "utf8")).toBe(
    "SLIPWAY_VERSION=1.0.0-rc.1\nSLIPWAY_IMAGE=[::1]:5000/ml/churn@sha256:0a\n",
  );
});

it.each(["a b", "$(id)", "`id`", "a\nPATH=/tmp", "a;b", ""])("gives no shell and no runner %j to read", (value) => {
  expect(() => report({ outputs }, "", { SLIPWAY_VERSION: value })).toThrow("no plain text");
});

it("says in the summary why something failed, as text and nothing else", async () => {
  const faults = [{ where: "log", message: "<img src=x> **it**" }];
  const failing = () => Promise.reject(new Failure("failed", "it | broke", { faults }));
  await expect(reported({ summary }, "The push failed", failing)).rejects.toThrow("it | broke");
  expect(readFileSync(summary, "utf8")).toContain(
    "# The push failed\n\nit \\| broke\n\n- log: &lt;img src=x\\> \\*\\*it\\*\\*\n",
  );
  expect(inMarkdown("a\n# b & c")).toBe("a \\# b &amp; c");
});

it("names the file that cannot be written to", () => {
  expect(() => report({ summary: folder }, "# one", {})).toThrow(`${folder} cannot be written to (EISDIR)`);
});
