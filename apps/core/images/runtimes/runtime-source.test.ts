import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readRuntimeSource } from "./runtime-source.ts";

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-source-"));
  await write("pyproject.toml", '[project]\nname = "r"\ndynamic = ["version"]\ndependencies = ["fastapi>=0.115,<1"]\n');
  await write("src/slipway_runtime/__init__.py", '__version__ = "1.2.3"\n');
  await write("src/slipway_runtime/server/app.py", "app = 1\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function write(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

it("reads what the runtime is and needs", async () => {
  const source = await readRuntimeSource(folder);
  expect(source).toMatchObject({ version: "1.2.3", requirements: ["fastapi>=0.115,<1"] });
  expect(source.files.map(({ path }) => path)).toEqual(["__init__.py", "server/app.py"]);
});

it("has a digest of its files alone: neither bytecode nor tests nor notes change it", async () => {
  const { digest } = await readRuntimeSource(folder);
  await write("src/slipway_runtime/__pycache__/__init__.cpython-311.pyc", "x");
  await write("tests/test_app.py", "x");
  await write("README.md", "x");
  expect((await readRuntimeSource(folder)).digest).toBe(digest);
});

it("has another digest for other bytes, another path, or bytes moved from one file to the next", async () => {
  const digests = [(await readRuntimeSource(folder)).digest];
  await write("src/slipway_runtime/server/app.py", "app = 2\n");
  digests.push((await readRuntimeSource(folder)).digest);
  await write("src/slipway_runtime/server/app.py", "");
  await write("src/slipway_runtime/server/b.py", "app = 2\n");
  digests.push((await readRuntimeSource(folder)).digest);
  await write("src/slipway_runtime/server/app.py", "app = 2\n");
  await write("src/slipway_runtime/server/b.py", "");
  digests.push((await readRuntimeSource(folder)).digest);
  expect(new Set(digests).size).toBe(digests.length);
});

it("says what is missing", async () => {
  await write("pyproject.toml", '[project]\nname = "r"\n');
  await expect(readRuntimeSource(folder)).rejects.toThrow(/has no list \[project\]\.dependencies/);
  await write("pyproject.toml", "[project]\ndependencies = []\n");
  await write("src/slipway_runtime/__init__.py", "");
  await expect(readRuntimeSource(folder)).rejects.toThrow(/states no version/);
});

it("reads the runtime of this repository", async () => {
  const source = await readRuntimeSource(fileURLToPath(new URL("../../../../docker/runtime/", import.meta.url)));
  expect(source.requirements.join(" ")).toMatch(/starlette.*uvicorn/);
  expect(source.files.some(({ path }) => path === "__main__.py")).toBe(true);
});
