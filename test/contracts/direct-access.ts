import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { BlobKey, DirectAccess, PartsId } from "#core/artifacts/blob-store.ts";
import { keysOfTests, type StoreUnderTest } from "./store-under-test.ts";

const partBytes = 5 * 1024 ** 2;

/** What a client may do with requests that were signed for it, and what not. */
export function describeDirectAccess(name: string, make: () => StoreUnderTest): void {
  describe(`direct access to ${name}`, () => {
    const made = make();
    const { store } = made;
    const newKey = keysOfTests(made);
    const direct = store.direct as DirectAccess;

    async function signedPart(bytes: Buffer) {
      const key = newKey();
      const id = await store.parts.begin(key, { partBytes });
      const sha256 = createHash("sha256").update(bytes).digest();
      const request = await direct.putPart(key, id, { number: 1, sizeBytes: bytes.length, sha256 }, 60);
      return { key, id, request };
    }

    /** A server may refuse by closing the connection on a body that it does not want. */
    const isTaken = async (request: { url: string; headers: Record<string, string> }, body: Buffer) =>
      fetch(request.url, { method: "PUT", headers: request.headers, body: new Uint8Array(body) }).then(
        (answer) => answer.ok,
        () => false,
      );
    const storedParts = (key: BlobKey, id: PartsId) => store.parts.list(key, id);

    it("takes the part that was announced, and what is completed of it can be fetched", async () => {
      const bytes = randomBytes(partBytes);
      const { key, id, request } = await signedPart(bytes);
      expect(await isTaken(request, bytes)).toBe(true);
      expect(await storedParts(key, id)).toMatchObject([{ number: 1, sizeBytes: partBytes }]);
      await store.parts.complete(key, id, await storedParts(key, id));
      expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);
      const disposition = 'attachment; filename="model.bin"';
      const get = await direct.get(key, { disposition, lifetimeSeconds: 60 });
      const answer = await fetch(get.url, { headers: get.headers });
      expect(answer.headers.get("content-disposition")).toBe(disposition);
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
      // The same request, once more, changes nothing of what is complete.
      expect(await isTaken(request, bytes)).toBe(false);
      expect(await store.stat(key)).toEqual({ sizeBytes: partBytes });
    });

    it("refuses other bytes, fewer or more, and a checksum that was not signed", async () => {
      const bytes = randomBytes(partBytes);
      const { key, id, request } = await signedPart(bytes);
      const other = randomBytes(partBytes);
      const otherChecksum = createHash("sha256").update(other).digest("base64");
      expect(await isTaken(request, other)).toBe(false);
      expect(await isTaken(request, bytes.subarray(1))).toBe(false);
      expect(await isTaken(request, Buffer.concat([bytes, Buffer.from("x")]))).toBe(false);
      expect(await isTaken({ ...request, headers: { "x-amz-checksum-sha256": otherChecksum } }, other)).toBe(false);
      expect(await isTaken({ ...request, headers: {} }, bytes)).toBe(false);
      expect(await storedParts(key, id)).toEqual([]);
      await store.parts.abort(key, id);
    });

    it("refuses what is past its time", async () => {
      const bytes = randomBytes(1_000);
      const key = newKey();
      const id = await store.parts.begin(key, { partBytes });
      const sha256 = createHash("sha256").update(bytes).digest();
      const request = await direct.putPart(key, id, { number: 1, sizeBytes: bytes.length, sha256 }, 1);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      expect(await isTaken(request, bytes)).toBe(false);
      expect(await storedParts(key, id)).toEqual([]);
      await store.parts.abort(key, id);
    });
  });
}
