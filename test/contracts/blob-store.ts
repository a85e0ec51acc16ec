import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { BlobKey, BlobStore } from "#core/artifacts/blob-store.ts";
import { ingest } from "#core/artifacts/ingest.ts";
import { isSlipwayError } from "#core/errors.ts";

export interface StoreUnderTest {
  store: BlobStore;
  /** Every object that is there, complete or not: leftovers count. */
  objects(): Promise<string[]>;
  /** A store of the same kind that can keep nothing. */
  broken: BlobStore;
}

/** What every blob store does, whatever keeps the bytes. */
export function describeBlobStore(name: string, make: () => StoreUnderTest): void {
  describe(`the blob store on ${name}`, () => {
    const { store, objects, broken } = make();
    const key = () => randomBytes(16).toString("hex") as BlobKey;
    const read = async (at: BlobKey, range?: { start: number; end: number }) => buffer(await store.open(at, range));

    it.each([0, 1, 65_535, 65_536, 1_048_576, 1_048_577, 5_000_000])(
      "gives back %i bytes as they were put",
      async (size) => {
        const at = key();
        const bytes = randomBytes(size);
        expect(await store.put(at, Readable.from([bytes]))).toEqual({ sizeBytes: size });
        expect((await read(at)).equals(bytes)).toBe(true);
        expect(await store.stat(at)).toEqual({ sizeBytes: size });
      },
    );

    it("gives back a range, both ends included", async () => {
      const at = key();
      await store.put(at, Readable.from([Buffer.from("0123456789")]));
      expect((await read(at, { start: 2, end: 4 })).toString()).toBe("234");
      expect((await read(at, { start: 9, end: 9 })).toString()).toBe("9");
    });

    it("knows nothing of a key before its bytes are all there", async () => {
      const at = key();
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

    it("leaves nothing of a body that fails", async () => {
      const before = await objects();
      const at = key();
      const body = Readable.from(
        (async function* () {
          yield randomBytes(200_000);
          throw new Error("the client left");
        })(),
      );
      await expect(store.put(at, body)).rejects.toThrow("the client left");
      expect(await objects()).toEqual(before);
    });

    it("leaves nothing of a body that is aborted", async () => {
      const before = await objects();
      const abort = new AbortController();
      const body = new Readable({ read() {} });
      body.push(randomBytes(200_000));
      const putting = store.put(key(), body, { signal: abort.signal });
      setTimeout(() => abort.abort(), 50);
      await expect(putting).rejects.toThrow();
      expect(body.destroyed).toBe(true);
      expect(await objects()).toEqual(before);
    });

    it("fails at once, with a large body too, where it cannot write", async () => {
      const body = Readable.from([randomBytes(1_000_000), randomBytes(4_000_000)]);
      const error = await ingest(broken, body).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      expect(isSlipwayError(error, "unavailable")).toBe(true);
      await expect(broken.check()).rejects.toThrow();
    });

    it("writes a key once", async () => {
      const at = key();
      await store.put(at, Readable.from([Buffer.from("first")]));
      await expect(store.put(at, Readable.from([Buffer.from("second")]))).rejects.toThrow();
      expect((await read(at)).toString()).toBe("first");
    });

    it("says what is not there, and removes it twice without complaint", async () => {
      const at = key();
      expect(await store.stat(at)).toBeNull();
      await expectMissing(store.open(at));
      await store.put(at, Readable.from([Buffer.from("x")]));
      await store.remove(at);
      await store.remove(at);
      await expectMissing(store.open(at));
    });

    it("can be checked", async () => {
      await store.check();
    });
  });
}

async function expectMissing(opening: Promise<Readable>): Promise<void> {
  const error = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(isSlipwayError(error, "blob_not_found")).toBe(true);
}
