import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGunzip, gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unpackInto } from "./unpack.ts";

let top: string;
let root: string;
beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), "slipway-unpack-"));
  root = join(top, "root");
  await mkdir(root);
});
afterEach(() => rmSync(top, { recursive: true }));

const signal = new AbortController().signal;
type Item = [Partial<Header> & { name: string }, string?];

async function tar(items: Item[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content = ""] of items) archive.entry(header, content);
  archive.finalize();
  return buffer(archive);
}

async function unpack(items: Item[]): Promise<void> {
  await unpackInto(root, [Readable.from([await tar(items)])], { signal });
}

const tree = async () => (await readdir(root, { recursive: true })).sort();

describe("unpacking a layer", () => {
  it("lays files, folders and links, and makes absolute links relative", async () => {
    await unpack([
      [{ name: "./usr/lib/x.so" }, "elf"],
      [{ name: "./lib64/", type: "directory" }],
      [{ name: "./lib64/ld.so", type: "symlink", linkname: "/usr/lib/x.so" }],
      [{ name: "./hard", type: "link", linkname: "./usr/lib/x.so" }],
    ]);
    expect(await readlink(join(root, "lib64/ld.so"))).toBe("../usr/lib/x.so");
    expect(await readFile(join(root, "lib64/ld.so"), "utf8")).toBe("elf");
    expect(await readFile(join(root, "hard"), "utf8")).toBe("elf");
  });

  it("drops setuid, owners and devices", async () => {
    await unpack([
      [{ name: "bin/su", mode: 0o4755 }, "x"],
      [{ name: "etc/shadow", mode: 0o000 }, "x"],
      [{ name: "dev/null", type: "character-device" }],
    ]);
    expect((await stat(join(root, "bin/su"))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(root, "etc/shadow"))).mode & 0o7777).toBe(0o644);
    expect(await tree()).not.toContain("dev/null");
  });

  it("removes what a whiteout names, and all below an opaque one but its own", async () => {
    await unpack([
      [{ name: "a/keep" }, "1"],
      [{ name: "a/gone" }, "1"],
      [{ name: "b/old" }, "1"],
      [{ name: "b/deep/older" }, "1"],
    ]);
    await unpack([[{ name: "a/.wh.gone" }], [{ name: "b/new" }, "2"], [{ name: "b/.wh..wh..opq" }]]);
    expect(await tree()).toEqual(["a", "a/keep", "b", "b/new"]);
  });

  it("replaces a folder by a file, a file by a folder and a link by a file", async () => {
    await unpack([[{ name: "x/y" }, "1"], [{ name: "f" }, "1"], [{ name: "l", type: "symlink", linkname: "f" }]]);
    await unpack([
      [{ name: "x" }, "file"],
      [{ name: "f/inner" }, "2"],
      [{ name: "l" }, "own"],
    ]);
    expect(await readFile(join(root, "x"), "utf8")).toBe("file");
    expect(await readFile(join(root, "f/inner"), "utf8")).toBe("2");
    expect(await readFile(join(root, "l"), "utf8")).toBe("own");
  });

  it("follows a link between folders of the tree", async () => {
    await unpack([
      [{ name: "usr/bin/", type: "directory" }],
      [{ name: "bin", type: "symlink", linkname: "usr/bin" }],
      [{ name: "bin/tool" }, "x"],
    ]);
    expect(await readFile(join(root, "usr/bin/tool"), "utf8")).toBe("x");
  });

  it("takes only the paths that are wanted", async () => {
    const archive = Readable.from([
      await tar([
        [{ name: "a/1" }, "x"],
        [{ name: "b/2" }, "x"],
      ]),
    ]);
    await unpackInto(root, [archive], { signal, keep: (path) => path.startsWith("a") });
    expect(await tree()).toEqual(["a", "a/1"]);
  });
});

describe("an archive that wants out", () => {
  it.each(["../outside", "a/../../outside", "/../outside"])("is refused with the path %s", async (name) => {
    await expect(unpack([[{ name }, "x"]])).rejects.toThrow(/leads out of it/);
    expect(await readdir(top)).toEqual(["root"]);
  });

  it("does not write through a link that leads out", async () => {
    await mkdir(join(top, "victim"));
    await expect(
      unpack([[{ name: "door", type: "symlink", linkname: "../victim" }], [{ name: "door/file" }, "x"]]),
    ).rejects.toThrow(/leads out of it/);
    expect(await readdir(join(top, "victim"))).toEqual([]);
  });

  it("does not remove through such a link, and links nothing from outside", async () => {
    await mkdir(join(top, "victim"));
    await writeFile(join(top, "victim/file"), "precious");
    await symlink("../victim", join(root, "door"));
    await expect(unpack([[{ name: "door/.wh.file" }]])).rejects.toThrow(/leads out of it/);
    await expect(unpack([[{ name: "copy", type: "link", linkname: "door/file" }]])).rejects.toThrow(/leads out of it/);
    expect(await readFile(join(top, "victim/file"), "utf8")).toBe("precious");
  });

  it("is not trusted again once a checked folder has become a link", async () => {
    await mkdir(join(top, "victim"));
    await expect(
      unpack([
        [{ name: "d/one" }, "x"],
        [{ name: "d", type: "symlink", linkname: "../victim" }],
        [{ name: "d/two" }, "x"],
      ]),
    ).rejects.toThrow(/leads out of it/);
    expect(await readdir(join(top, "victim"))).toEqual([]);
  });
});

it("ends when it is aborted in the middle of an entry that is left out", async () => {
  const abort = new AbortController();
  const whole = await tar([[{ name: "a" }, "x".repeat(100_000)]]);
  async function* stalled() {
    yield whole.subarray(0, 50_000);
    setTimeout(() => abort.abort(new Error("cancelled")), 20);
    await new Promise(() => {});
  }
  const options = { signal: abort.signal, keep: () => false };
  await expect(unpackInto(root, [Readable.from(stalled())], options)).rejects.toThrow(/abort/i);
});

it("passes on what is wrong with the stream itself", async () => {
  const broken = gzipSync(await tar([[{ name: "a" }, "x".repeat(10_000)]])).subarray(0, 60);
  await expect(unpackInto(root, [Readable.from([broken]), createGunzip()], { signal })).rejects.toThrow(
    /unexpected end of file/,
  );
});
