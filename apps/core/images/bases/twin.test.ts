import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "#test/temporary-folder.ts";
import type { Base } from "./base-source.ts";
import { readForeignPython } from "./twin.ts";

const pythonPath = "/usr/local/bin/python3.11";
const base = { architecture: "amd64", pythonPath, pythonVersion: "3.11.7" } as Base;
const foreign = { source: "python", architecture: "arm64", pythonPath } as const;
const glibc = "\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n";

function read(files: Record<string, string>) {
  const root = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return readForeignPython(root, foreign, { base, files: async () => root });
}

it.each([
  ["the program", { "usr/local/bin/python3.11": "\x7fELF\x003.2.0\x003.11.7\0" }],
  ["its library", { "usr/local/bin/python3.11": "\x7fELF", "usr/local/lib/libpython3.11.so.1.0": "\x003.11.7+\0" }],
  ["the end of another text", { "usr/local/bin/python3.11": "/opt/python/3.11.7\0/src/Python-3.11.7\0/3.11.9/lib\0" }],
])("a version is read from %s, and that of its libc from that", async (_, files) => {
  expect(await read({ ...files, "lib/aarch64-linux-gnu/libc.so.6": glibc })).toEqual({
    version: "3.11.7",
    libc: { name: "glibc", version: "2.36" },
  });
  expect((await read({ ...files, "lib/ld-musl-aarch64.so.1": "" })).libc).toEqual({ name: "musl", version: "1.2" });
});

it("a Python that says nothing or two things is none that is known, nor is a libc that is not there", async () => {
  const python = "usr/local/bin/python3.11";
  await expect(read({ [python]: "13.11.7\0" })).rejects.toThrow("has a Python 3.11 that does not say which");
  await expect(read({ [python]: "\x003.11.7\x003.11.8\0" })).rejects.toThrow("does not say which");
  await expect(read({ [python]: "\x003.11.7\0" })).rejects.toThrow("the base for arm64 has no libc that is known");
});
