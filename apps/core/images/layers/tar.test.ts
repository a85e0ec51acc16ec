import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { afterAll, describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { parentFolders, sortEntries, type TarEntry, tarSizeBytes, tarStream } from "./tar.ts";

function file(path: string, content: string | Buffer, executable = false): TarEntry {
  const bytes = Buffer.from(content);
  return { type: "file", path, executable, sizeBytes: bytes.length, open: async () => [bytes] };
}

async function readBack(
  bytes: Buffer,
): Promise<{ name: string; mode: number; type: string; content: string; linkname: string }[]> {
  const tar = extract();
  tar.end(bytes);
  const entries = [];
  for await (const entry of tar) {
    const { name, mode = 0, type, linkname, uid, gid, mtime } = entry.header;
    expect([uid, gid, mtime?.getTime()]).toEqual([0, 0, 0]);
    entries.push({ name, mode, type: type ?? "", linkname: linkname ?? "", content: (await buffer(entry)).toString() });
  }
  return entries;
}

const entries: TarEntry[] = [
  { type: "folder", path: "opt/model" },
  file("opt/model/a.txt", "hello\n"),
  file("opt/model/run", "#!", true),
  { type: "symlink", path: "opt/model/link", target: "a.txt" },
];

describe("a layer's archive", () => {
  it("has the same bytes in every version of Slipway: this digest changes with tarLayout alone", async () => {
    expect(digestOf(await buffer(tarStream(entries)))).toBe(
      "sha256:b6d015c5d2c43f95943bf7fcb40ca899e3cece65b766cc611ee233feb6e6e65f",
    );
  });

  it("is read back as it was meant", async () => {
    expect(await readBack(await buffer(tarStream(entries)))).toEqual([
      { name: "opt/model/", mode: 0o755, type: "directory", linkname: "", content: "" },
      { name: "opt/model/a.txt", mode: 0o644, type: "file", linkname: "", content: "hello\n" },
      { name: "opt/model/run", mode: 0o755, type: "file", linkname: "", content: "#!" },
      { name: "opt/model/link", mode: 0o777, type: "symlink", linkname: "a.txt", content: "" },
    ]);
  });

  it("keeps long and foreign paths and targets, by pax records", async () => {
    const long = `opt/model/${"d".repeat(90)}/${"e".repeat(120)}/Modèle ✓.bin`;
    const target = `../${"f".repeat(130)}`;
    const bytes = await buffer(tarStream([file(long, "x"), { type: "symlink", path: "opt/l", target }]));
    expect(bytes.length).toBe(tarSizeBytes([file(long, "x"), { type: "symlink", path: "opt/l", target }]));
    expect((await readBack(bytes)).map(({ name, linkname }) => [name, linkname])).toEqual([
      [long, ""],
      ["opt/l", target],
    ]);
  });

  it("counts a pax record's own length right at every number of digits", async () => {
    for (const length of [101, 985, 986, 987, 988, 989, 990, 991, 992, 993, 994, 995, 996]) {
      const path = "p".repeat(length);
      const [entry] = await readBack(await buffer(tarStream([file(path, "")])));
      expect(entry?.name).toBe(path);
    }
  });

  it("knows its size before it is read, whatever the sizes of its files", async () => {
    for (const sizeBytes of [0, 1, 511, 512, 513, 100_000]) {
      const entry = file("a", Buffer.alloc(sizeBytes, 1));
      expect((await buffer(tarStream([entry]))).length).toBe(tarSizeBytes([entry]));
    }
  });

  it("states the size of a file of 8 GiB and more, however little is read", async () => {
    const sizeBytes = 9 * 1024 ** 3;
    const huge: TarEntry = {
      type: "file",
      path: "weights.bin",
      executable: false,
      sizeBytes,
      open: async () => [Buffer.alloc(2 * 1024 * 1024)],
    };
    expect(tarSizeBytes([huge])).toBe(3 * 512 + sizeBytes + 1024);
    const source = tarStream([huge]);
    const tar = extract();
    const seen = new Promise((resolve) =>
      tar.on("entry", (header, entry) => {
        resolve(header.size);
        entry.on("error", () => {});
        entry.resume();
      }),
    );
    await expect(pipeline(source, tar)).rejects.toThrow("weights.bin should have 9663676416 bytes, and has 2097152");
    expect(await seen).toBe(sizeBytes);
  });

  it.each([3, 5])("fails where a file of 4 bytes yields %i", async (length) => {
    const entry: TarEntry = {
      type: "file",
      path: "m.bin",
      executable: false,
      sizeBytes: 4,
      open: async () => [Buffer.alloc(length)],
    };
    await expect(buffer(tarStream([entry]))).rejects.toThrow(/m\.bin should have 4 bytes, and has/);
  });

  it("is taken by the system's tar as well", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slipway-tar-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    const path = `opt/${"long".repeat(40)}.txt`;
    await writeFile(join(folder, "layer.tar"), tarStream([...entries, file(path, "ü")]));
    const listed = execFileSync("tar", ["--list", "--file", join(folder, "layer.tar")], { encoding: "utf8" });
    expect(listed.trim().split("\n")).toEqual([
      "opt/model/",
      "opt/model/a.txt",
      "opt/model/run",
      "opt/model/link",
      path,
    ]);
  });

  it("takes no more memory for a large file than for a small one", async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    const chunks = 2_048;
    async function* zeros() {
      for (let index = 0; index < chunks; index++) yield chunk;
    }
    const large: TarEntry = {
      type: "file",
      path: "w",
      executable: false,
      sizeBytes: chunks * chunk.length,
      open: zeros,
    };
    let highest = 0;
    let bytes = 0;
    for await (const piece of tarStream([large])) {
      bytes += (piece as Buffer).length;
      highest = Math.max(highest, process.memoryUsage().arrayBuffers);
    }
    expect(bytes).toBe(tarSizeBytes([large]));
    expect(highest).toBeLessThan(200 * 1024 * 1024);
  });
});

describe("the order and the parents of entries", () => {
  it("puts a folder before what is in it, whatever the order given", () => {
    const sorted = sortEntries([file("opt/b/c", ""), file("opt/b-a", ""), { type: "folder", path: "opt/b" }]);
    expect(sorted.map(({ path }) => path)).toEqual(["opt/b", "opt/b-a", "opt/b/c"]);
  });

  it("names every folder on the way once, and none that is not ours", () => {
    const folders = parentFolders(["opt/model/a/b/x", "opt/model/a/y", "opt/model/z"], "opt");
    expect(folders.map(({ path }) => path).sort()).toEqual(["opt/model", "opt/model/a", "opt/model/a/b"]);
  });
});
