import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { ingest } from "#core/artifacts/ingest.ts";
import { isSlipwayError } from "#core/errors.ts";
import { describeOneDigest } from "./one-digest.ts";
import { describePartStore } from "./part-store.ts";
import { inChunks, keysOfTests, type StoreUnderTest, someAtOnce } from "./store-under-test.ts";

/** What every blob store does, whatever keeps the bytes. */
export function describeBlobStore(name: string, make: () => StoreUnderTest): void {
  describe(`the blob store on ${name}`, () => {
    const made = make();
    const { store, objects, broken, partBytes } = made;
    const newKey = keysOfTests(made);
    const read = async (at: BlobKey, range?: { start: number; end: number }) => buffer(await store.open(at, range));

    it.each([0, 1, 65_535, 65_536, 1_048_576, 1_048_577, partBytes - 1, partBytes, partBytes + 1, 3 * partBytes + 7])(
      "gives back %i bytes as they were put, and leaves nothing beside them",
      async (size) => {
        const before = await objects();
        const at = newKey();
        const bytes = randomBytes(size);
        expect(await store.put(at, inChunks(bytes))).toEqual({ sizeBytes: size });
        expect((await read(at)).equals(bytes)).toBe(true);
        expect(await store.stat(at)).toEqual({ sizeBytes: size });
        await store.remove(at);
        expect(await objects()).toEqual(before);
      },
    );

    it("gives back a range, both ends included", async () => {
      const at = newKey();
      await store.put(at, Readable.from([Buffer.from("0123456789")]));
      expect((await read(at, { start: 2, end: 4 })).toString()).toBe("234");
      expect((await read(at, { start: 9, end: 9 })).toString()).toBe("9");
      expect((await read(at, { start: 0, end: 9 })).toString()).toBe("0123456789");
    });

    it("gives of a range past the end what there is", async () => {
      const at = newKey();
      await store.put(at, Readable.from([Buffer.from("0123456789")]));
      expect((await read(at, { start: 8, end: 12 })).toString()).toBe("89");
      expect((await read(at, { start: 10, end: 12 })).toString()).toBe("");
    });

    it("gives back a range across parts", async () => {
      const at = newKey();
      const bytes = randomBytes(2 * partBytes + 100);
      await store.put(at, inChunks(bytes));
      const range = { start: partBytes - 10, end: 2 * partBytes + 10 };
      expect((await read(at, range)).equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
    });

    it("knows nothing of a key before its bytes are all there", async () => {
      const at = newKey();
      const body = new Readable({ read() {} });
      const putting = store.put(at, body);
      body.push(randomBytes(100_000));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await store.stat(at)).toBeNull();
      await expectMissing(store.open(at));
      body.push(null);
      await putting;
      expect(await store.stat(at)).toEqual({ sizeBytes: 100_000 });
    });

    it.each([0, 200_000, partBytes + 200_000, 4 * partBytes])(
      "leaves nothing of a body that fails after %i bytes",
      async (size) => {
        const before = await objects();
        const body = Readable.from(
          (async function* () {
            if (size > 0) yield* inChunks(randomBytes(size));
            throw new Error("the client left");
          })(),
        );
        await expect(store.put(newKey(), body)).rejects.toThrow("the client left");
        expect(await objects()).toEqual(before);
      },
    );

    it.each([200_000, 3 * partBytes + 5])("leaves nothing of a body that is aborted after %i bytes", async (size) => {
      const before = await objects();
      const abort = new AbortController();
      const body = new Readable({ read() {} });
      body.push(randomBytes(size));
      const putting = store.put(newKey(), body, { signal: abort.signal });
      setTimeout(() => abort.abort(), 50);
      await expect(putting).rejects.toThrow();
      expect(body.destroyed).toBe(true);
      expect(await objects()).toEqual(before);
    });

    it("fails at once, with a large body too, where it cannot write", async () => {
      const body = Readable.from([randomBytes(1_000_000), randomBytes(partBytes), randomBytes(4_000_000)]);
      const error = await ingest(broken, body).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(isSlipwayError(error, "unavailable")).toBe(true);
      await expect(broken.check()).rejects.toThrow();
    });

    it.each([6, partBytes + 6])("writes a key once, with %i bytes", async (size) => {
      const at = newKey();
      const first = randomBytes(size);
      await store.put(at, inChunks(first));
      const before = await objects();
      await expect(store.put(at, inChunks(randomBytes(size)))).rejects.toThrow();
      expect((await read(at)).equals(first)).toBe(true);
      expect(await objects()).toEqual(before);
    });

    it.each([6, partBytes + 6])("lets one of two writers of a key win, with %i bytes", async (size) => {
      const at = newKey();
      const bodies = [randomBytes(size), randomBytes(size)] as const;
      const ends = await Promise.allSettled(bodies.map((bytes) => store.put(at, inChunks(bytes))));
      const winners = bodies.filter((_, index) => ends[index]?.status === "fulfilled");
      expect(winners).toHaveLength(1);
      expect((await read(at)).equals(winners[0] ?? Buffer.alloc(0))).toBe(true);
      expect((await objects()).filter((name) => name.includes(at))).toHaveLength(1);
    });

    it("says what is not there, and removes it twice without complaint", async () => {
      const at = newKey();
      expect(await store.stat(at)).toBeNull();
      await expectMissing(store.open(at));
      await store.put(at, Readable.from([Buffer.from("x")]));
      await store.remove(at);
      await store.remove(at);
      await expectMissing(store.open(at));
    });

    it("lists all that is whole, with size and time, and nothing that is not", { timeout: 240_000 }, async () => {
      const started = Date.now();
      // Of pages of a thousand a first one, one between and a last one.
      const keys = Array.from({ length: 2_001 }, newKey);
      await someAtOnce(keys, (key) => store.put(key, Readable.from([Buffer.from("some")])));
      const ended = Date.now();
      const begun = newKey();
      const id = await store.parts.begin(begun, { partBytes });
      const found = new Map<string, { sizeBytes: number; storedAt: Date }>();
      for await (const page of store.list()) for (const { key, ...rest } of page) found.set(key, rest);
      expect([...found.keys()].sort()).toEqual([...keys].sort());
      for (const key of keys) {
        const { sizeBytes, storedAt } = found.get(key) ?? { sizeBytes: -1, storedAt: new Date(0) };
        expect(sizeBytes).toBe(4);
        // To the second, by another clock of the same machine.
        expect(storedAt.getTime()).toBeGreaterThan(started - 5_000);
        expect(storedAt.getTime()).toBeLessThan(ended + 5_000);
      }
      await store.parts.abort(begun, id);
    });

    it("can be checked", async () => {
      await store.check();
    });

    describePartStore(made, newKey);
    describeOneDigest(made);
  });
}

async function expectMissing(opening: Promise<Readable>): Promise<void> {
  const error = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(isSlipwayError(error, "blob_not_found")).toBe(true);
}
