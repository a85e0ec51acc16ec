import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { BlobKey, PartsId, StoredPart } from "#core/artifacts/blob-store.ts";
import { countOfParts, evenPartBytes, sizeOfPart } from "#core/artifacts/part-plan.ts";
import { isSlipwayError } from "#core/errors.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** What every store does with an object that comes in parts. */
export function describePartStore({ store, objects, partBytes }: StoreUnderTest, newKey: () => BlobKey): void {
  describe("in parts", () => {
    const { parts } = store;
    const whole = () => [randomBytes(partBytes), randomBytes(partBytes), randomBytes(123)] as const;

    async function begin() {
      const key = newKey();
      return { key, id: await parts.begin(key, { partBytes }) };
    }

    const put = ({ key, id }: { key: BlobKey; id: PartsId }, number: number, bytes: Buffer) =>
      parts.put(key, id, { number, bytes, offset: (number - 1) * partBytes });
    const read = async (key: BlobKey) => buffer(await store.open(key));

    it("makes one object of parts that came in any order", async () => {
      const before = await objects();
      const upload = await begin();
      const bytes = whole();
      const stored: StoredPart[] = [];
      for (const number of [3, 1, 2]) stored.push(await put(upload, number, bytes[number - 1] as Buffer));
      stored.sort((a, b) => a.number - b.number);
      expect(stored.map(({ sizeBytes }) => sizeBytes)).toEqual([partBytes, partBytes, 123]);
      expect(await parts.list(upload.key, upload.id)).toEqual(stored);
      expect(await store.stat(upload.key)).toBeNull();
      expect(await parts.complete(upload.key, upload.id, stored)).toEqual({ sizeBytes: 2 * partBytes + 123 });
      expect((await read(upload.key)).equals(Buffer.concat(bytes))).toBe(true);
      expect(await parts.list(upload.key, upload.id)).toEqual([]);
      await store.remove(upload.key);
      expect(await objects()).toEqual(before);
    });

    it("takes parts at once", async () => {
      const upload = await begin();
      const bytes = whole();
      const stored = await Promise.all(bytes.map((part, index) => put(upload, index + 1, part)));
      await parts.complete(upload.key, upload.id, stored);
      expect((await read(upload.key)).equals(Buffer.concat(bytes))).toBe(true);
    });

    it("replaces a part that is put again", async () => {
      const upload = await begin();
      const [first, , last] = whole();
      const longer = await put(upload, 2, randomBytes(2_000));
      await put(upload, 1, randomBytes(partBytes));
      const stored = [await put(upload, 1, first), await put(upload, 2, last)];
      expect(await parts.list(upload.key, upload.id)).toEqual(stored);
      await expectIncomplete(parts.complete(upload.key, upload.id, [stored[0] as StoredPart, longer]));
      await parts.complete(upload.key, upload.id, stored);
      expect((await read(upload.key)).equals(Buffer.concat([first, last]))).toBe(true);
    });

    it("makes an object of one part that is short, or empty", async () => {
      for (const bytes of [randomBytes(10), Buffer.alloc(0)]) {
        const upload = await begin();
        await parts.complete(upload.key, upload.id, [await put(upload, 1, bytes)]);
        expect((await read(upload.key)).equals(bytes)).toBe(true);
      }
    });

    it("does not complete without a part that is named, and can when it has come", async () => {
      const upload = await begin();
      const bytes = whole();
      const [one, three] = [await put(upload, 1, bytes[0]), await put(upload, 3, bytes[2])];
      await expectIncomplete(parts.complete(upload.key, upload.id, [one, three]));
      await expectIncomplete(
        parts.complete(upload.key, upload.id, [one, { number: 2, sizeBytes: partBytes, etag: one.etag }, three]),
      );
      await expectIncomplete(parts.complete(upload.key, upload.id, []));
      expect(await store.stat(upload.key)).toBeNull();
      await parts.complete(upload.key, upload.id, [one, await put(upload, 2, bytes[1]), three]);
      expect((await read(upload.key)).equals(Buffer.concat(bytes))).toBe(true);
    });

    it("completes twice, and at the same time, without harm", async () => {
      const upload = await begin();
      const bytes = whole();
      const stored = await Promise.all(bytes.map((part, index) => put(upload, index + 1, part)));
      const complete = () => parts.complete(upload.key, upload.id, stored);
      const size = { sizeBytes: 2 * partBytes + 123 };
      const ends = await Promise.allSettled([complete(), complete()]);
      expect(ends.some(({ status }) => status === "fulfilled")).toBe(true);
      expect(await complete()).toEqual(size);
      expect((await read(upload.key)).equals(Buffer.concat(bytes))).toBe(true);
      expect((await objects()).filter((name) => name.includes(upload.key))).toHaveLength(1);
    });

    it("takes no part of what is complete or aborted", async () => {
      const [completed, aborted] = [await begin(), await begin()];
      const bytes = randomBytes(100);
      await parts.complete(completed.key, completed.id, [await put(completed, 1, bytes)]);
      await put(aborted, 1, bytes);
      await parts.abort(aborted.key, aborted.id);
      for (const upload of [completed, aborted]) {
        await expectIncomplete(put(upload, 1, randomBytes(100)));
        expect(await parts.list(upload.key, upload.id)).toEqual([]);
      }
      expect((await read(completed.key)).equals(bytes)).toBe(true);
      await expectIncomplete(parts.complete(aborted.key, aborted.id, [{ number: 1, sizeBytes: 100, etag: "x" }]));
    });

    it("leaves nothing of what is aborted, with parts or without, and aborts it twice", async () => {
      const before = await objects();
      for (const count of [0, 2]) {
        const upload = await begin();
        for (let number = 1; number <= count; number += 1) await put(upload, number, randomBytes(partBytes));
        await parts.abort(upload.key, upload.id);
        await parts.abort(upload.key, upload.id);
        expect(await store.stat(upload.key)).toBeNull();
      }
      expect(await objects()).toEqual(before);
    });

    it("takes the ends of 5 GiB that are announced, is not complete without the rest, and leaves nothing of them", async () => {
      const sizeBytes = 5 * 1024 ** 3 - 1_000;
      const ofPart = evenPartBytes(sizeBytes, 8 * 1024 ** 2, parts.limits);
      const key = newKey();
      const id = await parts.begin(key, { partBytes: ofPart });
      const stored: StoredPart[] = [];
      for (const number of [countOfParts(sizeBytes, ofPart), 1]) {
        const bytes = randomBytes(sizeOfPart(number, sizeBytes, ofPart));
        stored.unshift(await parts.put(key, id, { number, bytes, offset: (number - 1) * ofPart }));
      }
      expect(stored).toMatchObject([
        { number: 1, sizeBytes: ofPart },
        { number: 640, sizeBytes: ofPart - 1_000 },
      ]);
      expect(await parts.list(key, id)).toEqual(stored);
      await expectIncomplete(parts.complete(key, id, stored));
      expect(await store.stat(key)).toBeNull();
      await parts.abort(key, id);
      expect(await parts.list(key, id)).toEqual([]);
    });

    it("keeps two uploads of one key apart", async () => {
      const upload = await begin();
      const other = { key: upload.key, id: await parts.begin(upload.key, { partBytes }) };
      const stored = [await put(upload, 1, Buffer.from("one"))];
      await put(other, 1, Buffer.from("other"));
      await parts.complete(upload.key, upload.id, stored);
      await parts.abort(other.key, other.id);
      expect((await read(upload.key)).toString()).toBe("one");
    });
  });
}

async function expectIncomplete(promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(isSlipwayError(error, "upload_incomplete"), String(error)).toBe(true);
}
