import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { fileBlobStore, removeAbandonedParts } from "#core/artifacts/file-blob-store.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { describeBlobStore } from "./blob-store.ts";

describeBlobStore("files", () => {
  const folder = temporaryFolder();
  const store = fileBlobStore(folder);
  return {
    store,
    clear: (keys) => Promise.all(keys.map((key) => store.remove(key))),
    broken: fileBlobStore("/dev/null/artifacts"),
    partBytes: 1_000_000,
    objects: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .sort();
    },
  };
});

it("a part that a killed process left is taken away when nobody has written to it for long, and no other", async () => {
  const folder = temporaryFolder();
  const key = () => randomBytes(16).toString("hex") as BlobKey;
  const store = fileBlobStore(folder);
  const bodies = [new Readable({ read() {} }), new Readable({ read() {} })] as const;
  const [flowing, kept] = [key(), key()];
  const puts = [store.put(key(), bodies[0]), store.put(flowing, bodies[1])];
  await store.put(kept, Readable.from([Buffer.from("kept")]));
  for (const body of bodies) body.push(Buffer.from("half"));
  await waitUntil("both are begun", async () => (await readdir(join(folder, "parts"))).length === 2);
  const longAgo = Date.now() / 1_000 - 3_600;
  const abandoned = (await readdir(join(folder, "parts"))).find((name) => !name.startsWith(flowing)) ?? "";
  await utimes(join(folder, "parts", abandoned), longAgo, longAgo);
  await utimes(join(folder, kept.slice(0, 2), kept), longAgo, longAgo);
  await removeAbandonedParts(folder);
  expect((await readdir(join(folder, "parts"))).map((name) => name.split(".")[0])).toEqual([flowing]);
  for (const body of bodies) body.push(null);
  await expect(puts[0]).rejects.toThrow("the artifact store cannot be used");
  expect(await puts[1]).toEqual({ sizeBytes: 4 });
  expect(await readFile(join(folder, kept.slice(0, 2), kept), "utf8")).toBe("kept");
  await removeAbandonedParts(join(folder, "not-there"));
});

it("an upload in parts may rest for as long as its row says, and shows as unfinished, also where half of it was lost", async () => {
  const folder = temporaryFolder();
  const { parts } = fileBlobStore(folder);
  const begun = async () => {
    const key = randomBytes(16).toString("hex") as BlobKey;
    const id = await parts.begin(key, { partBytes: 4 });
    return { key, id, stored: await parts.put(key, id, { number: 1, bytes: Buffer.from("part"), offset: 0 }) };
  };
  const [resting, torn] = [await begun(), await begun()];
  await rm(join(folder, "parts", `${torn.key}.${torn.id}.multi.log`));
  const lastYear = Date.now() / 1_000 - 364 * 86_400;
  for (const name of await readdir(join(folder, "parts")))
    await utimes(join(folder, "parts", name), lastYear, lastYear);
  await removeAbandonedParts(folder);
  const unfinished: string[] = [];
  for await (const page of parts.unfinished()) unfinished.push(...page.map(({ key, id }) => `${key} ${id}`));
  expect(unfinished.sort()).toEqual([resting, torn].map(({ key, id }) => `${key} ${id}`).sort());
  await parts.abort(torn.key, torn.id);
  expect(await parts.complete(resting.key, resting.id, [resting.stored])).toEqual({ sizeBytes: 4 });
  expect(await readdir(join(folder, "parts"))).toEqual([]);
});

it("a fault of the disk, which it tells once, is every part's that was being written", async () => {
  const folder = temporaryFolder();
  const { parts } = fileBlobStore(folder);
  const key = randomBytes(16).toString("hex") as BlobKey;
  const id = await parts.begin(key, { partBytes: 1_000 });
  const put = (number: number) =>
    parts.put(key, id, { number, bytes: randomBytes(1_000), offset: (number - 1) * 1_000 });
  const handle = await open(folder);
  await handle.close();
  const fault = Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
  // A real disk cannot be asked to fail once.
  vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, "datasync").mockRejectedValueOnce(fault);
  whenDone(() => vi.restoreAllMocks());
  const ends = await Promise.allSettled([1, 2, 3].map(put));
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(await parts.list(key, id)).toEqual([]);
  const stored = [await put(1), await put(2)];
  expect(await parts.list(key, id)).toEqual(stored);
});

it("a writer that was left behind with a part in its hands reaches no object that was completed since", async () => {
  const folder = temporaryFolder();
  const store = fileBlobStore(folder);
  const key = randomBytes(16).toString("hex") as BlobKey;
  const id = await store.parts.begin(key, { partBytes: 4 });
  const frozen = await open(join(folder, "parts", `${key}.${id}.multi`), "r+");
  const parts = [
    await store.parts.put(key, id, { number: 1, bytes: Buffer.from("good"), offset: 0 }),
    await store.parts.put(key, id, { number: 2, bytes: Buffer.from("end"), offset: 4 }),
  ];
  expect(await store.parts.complete(key, id, parts, { mayBeWritten: true })).toEqual({ sizeBytes: 7 });
  await frozen.write("evil and longer", 0);
  await frozen.close();
  expect((await buffer(await store.open(key))).toString()).toBe("goodend");
  expect(await readdir(join(folder, "parts"))).toEqual([]);
  expect(await store.parts.complete(key, id, parts, { mayBeWritten: true })).toEqual({ sizeBytes: 7 });
});

it("lists its own objects alone, whatever else somebody keeps in its folder", async () => {
  const folder = temporaryFolder();
  const store = fileBlobStore(folder);
  const listed = async () => {
    const keys: string[] = [];
    for await (const page of store.list()) keys.push(...page.map(({ key }) => key));
    return keys;
  };
  expect(await listed()).toEqual([]);
  const key = randomBytes(16).toString("hex") as BlobKey;
  await store.put(key, Readable.from([Buffer.from("kept")]));
  const own = join(folder, key.slice(0, 2));
  await mkdir(join(folder, "lost+found"), { mode: 0 });
  await mkdir(join(folder, ".snapshot", "hourly"), { recursive: true });
  await mkdir(join(own, `${key.slice(0, 2)}-not-a-file`));
  for (const path of [
    join(folder, "README"),
    join(folder, "zz"),
    join(folder, ".snapshot", "hourly", key),
    join(own, `.${key}.Xa81kq`), // of a copy that is under way
  ])
    await writeFile(path, "not ours");
  expect(await listed()).toEqual([key]);
});
