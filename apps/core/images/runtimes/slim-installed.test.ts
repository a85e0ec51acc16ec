import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { slimInstalled } from "./slim-installed.ts";

let site: string;
beforeEach(() => {
  site = mkdtempSync(join(tmpdir(), "slipway-slim-"));
});
afterEach(() => rmSync(site, { recursive: true }));

/** Files left of an installed package that has these, and what was saved. */
async function slimmed(files: Record<string, string>): Promise<{ left: string[]; savedBytes: number }> {
  const all = { ...files, "p-1.dist-info/METADATA": "Name: p" };
  const record = [...Object.keys(all).map((path) => `${path},sha256=x,1`), "p-1.dist-info/RECORD,,"];
  for (const [path, content] of Object.entries({ ...all, "p-1.dist-info/RECORD": record.join("\n") })) {
    await mkdir(dirname(join(site, path)), { recursive: true });
    await writeFile(join(site, path), content);
  }
  const savedBytes = await slimInstalled(site);
  const left = (await readdir(site, { recursive: true, withFileTypes: true }))
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(site.length + 1))
    .sort();
  const listed = (await readFile(join(site, "p-1.dist-info/RECORD"), "utf8")).split("\n");
  expect(listed.map((line) => line.split(",", 1)[0]).sort()).toEqual(left);
  return { left: left.filter((path) => !path.startsWith("p-1.dist-info")), savedBytes };
}

describe("a slim installation", () => {
  it("has no tests, headers, sources of extensions or static libraries, and no empty folder of them", async () => {
    const { left, savedBytes } = await slimmed({
      "p/__init__.py": "",
      "p/__init__.pyi": "",
      "p/core.so": "ELF",
      "p/include/p/p.h": "12345",
      "p/lib/libp.a": "123",
      "p/fast.pyx": "12",
      "p/tests/__init__.py": "",
      "p/tests/deep/test_p.py": "1234567",
      "p/part/test/test_part.py": "1",
    });
    expect(left).toEqual(["p/__init__.py", "p/__init__.pyi", "p/core.so"]);
    expect(savedBytes).toBe(18);
    expect(await readdir(join(site, "p"))).toEqual(["__init__.py", "__init__.pyi", "core.so"]);
  });

  it("keeps a module that is called test, and files that only sound like tests", async () => {
    const files = ["p/latest/x.py", "p/testing/x.py", "p/tests.py", "test/__init__.py", "tests/x.py"];
    const { left, savedBytes } = await slimmed(Object.fromEntries(files.map((path) => [path, "1"])));
    expect(left).toEqual(files);
    expect(savedBytes).toBe(0);
  });

  it.each([
    ["from p.tests import data", "p/a.py"],
    ["from p.tests.data import x", "p/a.py"],
    ["from .tests.data import x", "p/a.py"],
    ["from ..tests import data", "p/part/a.py"],
    ["  from . import other, tests", "p/a.py"],
    ["import os, p.tests.data as data", "p/a.py"],
  ])("keeps the tests that another module takes a part from: %s", async (line, importer) => {
    const { left } = await slimmed({ [importer]: `${line}\n`, "p/tests/data.py": "1", "p/other/tests/a.py": "1" });
    expect(left).toEqual([importer, "p/tests/data.py"].sort());
  });

  it("is not kept from it by a test that imports others", async () => {
    const { left } = await slimmed({
      "p/a.py": "# from p.tests import x\n",
      "p/tests/b.py": "from p.tests import c\n",
    });
    expect(left).toEqual(["p/a.py"]);
  });
});
