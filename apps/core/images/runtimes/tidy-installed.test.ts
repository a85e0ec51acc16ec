import { mkdtempSync, rmSync } from "node:fs";
import { link, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { tidyInstalled } from "./tidy-installed.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-tidy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

async function installation(machine: string): Promise<void> {
  await write("site/.lock", "");
  await write("site/bin/tool", `#!${machine}/python\n`);
  await write("site/include/p.h", "");
  await write("site/p/__init__.py", "");
  await write("site/p-1.dist-info/INSTALLER", "uv");
  await write("site/p-1.dist-info/REQUESTED", "");
  await write("site/p-1.dist-info/direct_url.json", `{"url": "file://${machine}"}`);
  await write(
    "site/p-1.dist-info/RECORD",
    [
      "p/__init__.py,sha256=47DEQ,0",
      `bin/tool,sha256=${machine},12`,
      "../../bin/tool,sha256=x,1",
      "p-1.dist-info/RECORD,,",
      "p-1.dist-info/INSTALLER,sha256=5h,2",
      "p-1.dist-info/REQUESTED,sha256=47,0",
      `p-1.dist-info/direct_url.json,sha256=${machine},9`,
      "",
    ].join("\r\n"),
  );
}

it("leaves only what the wheels themselves decide", async () => {
  await installation("/home/someone");
  await tidyInstalled(join(folder, "site"));
  expect((await readdir(join(folder, "site"), { recursive: true })).sort()).toEqual([
    "p",
    "p-1.dist-info",
    "p-1.dist-info/RECORD",
    "p/__init__.py",
  ]);
  expect(await readFile(join(folder, "site/p-1.dist-info/RECORD"), "utf8")).toBe(
    "p-1.dist-info/RECORD,,\np/__init__.py,sha256=47DEQ,0\n",
  );
});

it("does not write through to a cache that the installer linked to", async () => {
  await installation("/home/someone");
  await link(join(folder, "site/p-1.dist-info/RECORD"), join(folder, "cached"));
  const before = await readFile(join(folder, "cached"), "utf8");
  await tidyInstalled(join(folder, "site"));
  expect(await readFile(join(folder, "cached"), "utf8")).toBe(before);
});
