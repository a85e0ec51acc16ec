import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, it, vi } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { reasonAgainstMounting, smallDisk } from "../kill/small-disk.ts";
import { codeOf, inChunks, keysOfTests } from "./store-under-test.ts";

const mebibyte = 1024 ** 2;
const partBytes = mebibyte;
const reason = reasonAgainstMounting();
const disk = reason === null ? smallDisk(20) : null;
const folder = disk?.folder ?? temporaryFolder();
const store = fileBlobStore(folder);
const { parts } = store;
const newKey = keysOfTests({
  clear: (keys) => Promise.all(keys.map((key) => store.remove(key))),
  objects: async () =>
    fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
});

/** What a store that cannot be written, or is full, is to whoever sends. */
const refusal = expect.stringMatching(/^(?:unavailable|store_full)$/);

/** Makes the store fail; what it returns makes it well again. */
type Fault = (key: BlobKey) => Promise<() => void> | (() => void);

/** The store's folder is there, and takes no name. */
function takesNoName(name: string): () => void {
  const path = join(folder, name);
  fs.mkdirSync(path, { recursive: true });
  fs.renameSync(path, `${folder}/aside`);
  fs.symlinkSync("/proc", path);
  return () => {
    fs.rmSync(path);
    fs.renameSync(`${folder}/aside`, path);
  };
}

function isFull(): () => void {
  disk?.fill(mebibyte / 2);
  return () => disk?.empty();
}

const notWritten = () => Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO", syscall: "fsync" });

/** No disk here can be brought to it: the file system's answer is made up. */
async function doesNotSync(method: "sync" | "datasync", keyFolder?: string): Promise<() => void> {
  if (keyFolder !== undefined) fs.mkdirSync(join(folder, keyFolder), { recursive: true });
  const handle = await open(folder);
  const spy = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, method).mockRejectedValue(notWritten());
  await handle.close();
  return () => spy.mockRestore();
}

function doesNotFlush(): () => void {
  const spy = vi.spyOn(fs, "fsync").mockImplementation((_, done) => done(notWritten()));
  return () => spy.mockRestore();
}

describe("files are the store's fault, leave nothing, and can be written afterwards, where", () => {
  const faults: Record<string, Fault> = {
    "they cannot be opened": () => takesNoName("parts"),
    "they cannot be synced": doesNotFlush,
    "they cannot get their name": (key) => takesNoName(key.slice(0, 2)),
    "their name cannot be synced": (key) => doesNotSync("sync", key.slice(0, 2)),
    ...(disk === null ? {} : { "the disk is full": isFull }),
  };

  it.each(Object.keys(faults))("%s", async (name) => {
    const [key, bytes] = [newKey(), randomBytes(3 * mebibyte)];
    await store.put(newKey(), inChunks(Buffer.from("before")));
    const recover = await faults[name]?.(key);
    expect(await codeOf(store.put(key, inChunks(bytes)))).toEqual(refusal);
    recover?.();
    expect(await store.stat(key)).toBeNull();
    expect(fs.readdirSync(join(folder, "parts"))).toEqual([]);
    expect(await store.put(key, inChunks(bytes))).toEqual({ sizeBytes: bytes.length });
    expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);
  });

  if (disk === null) it.skip(`the disk is full (not tried: ${reason})`, () => {});
});

describe("an upload in parts has what it had, and goes on afterwards, where", () => {
  const faults: Record<string, Fault> = {
    "a part cannot be synced": () => doesNotSync("datasync"),
    ...(disk === null ? {} : { "the disk is full": isFull }),
  };
  const put = (key: BlobKey, id: Awaited<ReturnType<typeof parts.begin>>, number: number, bytes: Buffer) =>
    parts.put(key, id, { number, bytes, offset: (number - 1) * partBytes });

  it.each(Object.keys(faults))("%s", async (name) => {
    const [key, bytes] = [newKey(), [randomBytes(partBytes), randomBytes(partBytes)] as const];
    const id = await parts.begin(key, { partBytes });
    const first = await put(key, id, 1, bytes[0]);
    const recover = await faults[name]?.(key);
    expect(await codeOf(put(key, id, 2, bytes[1]))).toEqual(refusal);
    recover?.();
    expect(await parts.list(key, id)).toEqual([first]);
    await parts.complete(key, id, [first, await put(key, id, 2, bytes[1])]);
    expect((await buffer(await store.open(key))).equals(Buffer.concat(bytes))).toBe(true);
  });

  it.each<[string, Fault]>([
    ["the whole cannot be synced", () => doesNotSync("sync")],
    ["the whole cannot get its name", (key) => takesNoName(key.slice(0, 2))],
  ])("%s", async (_, fail) => {
    const [key, bytes] = [newKey(), randomBytes(100)];
    const id = await parts.begin(key, { partBytes });
    const stored = [await put(key, id, 1, bytes)];
    const recover = await fail(key);
    expect(await codeOf(parts.complete(key, id, stored))).toEqual(refusal);
    recover();
    expect(await store.stat(key)).toBeNull();
    expect(await parts.list(key, id)).toEqual(stored);
    await parts.complete(key, id, stored);
    expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);
  });

  it("it cannot be begun", async () => {
    const key = newKey();
    const recover = takesNoName("parts");
    expect(await codeOf(parts.begin(key, { partBytes }))).toEqual(refusal);
    recover();
    await parts.abort(key, await parts.begin(key, { partBytes }));
  });
});
