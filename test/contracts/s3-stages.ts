import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { faultyProxy } from "../integration/images/faulty-proxy.ts";
import { codeOf, inChunks, keysOfTests, type StoreUnderTest } from "./store-under-test.ts";

/** One request of those that the writing of an object takes, as `METHOD url`. */
const stages = {
  whole: /^PUT (?!.*partNumber=)/,
  begin: /^POST .*[?&]uploads/,
  part: /^PUT .*partNumber=/,
  complete: /^POST .*uploadId=/,
  look: /^HEAD .*blobs\//,
  list: /^GET .*uploadId=/,
  abort: /^DELETE .*uploadId=/,
};

type Stage = keyof typeof stages;

/** As often as one request is tried. */
const attempts = 3;

/** A server that fails at one request, as long as it is told to, and is well at all others. */
export function describeS3Stages(name: string, endpoint: string, make: (through: string) => StoreUnderTest): void {
  describe(`${name}, where it fails at one request`, async () => {
    let fault: { at: Stage; status: number; times: number } | null = null;
    const proxy = await faultyProxy(new URL(endpoint).host, (incoming, response) => {
      if (fault === null || fault.times <= 0 || !stages[fault.at].test(`${incoming.method} ${incoming.url}`))
        return false;
      fault.times -= 1;
      incoming.resume();
      response.writeHead(fault.status, { "content-type": "application/xml" });
      response.end("<Error><Code>InternalError</Code><Message>try again</Message></Error>");
      return true;
    });
    const made = make(`http://${proxy.host}`);
    const { store, objects, partBytes } = made;
    const { parts } = store;
    const newKey = keysOfTests(made);
    const failAt = (at: Stage, { status = 500, times = Number.POSITIVE_INFINITY } = {}) => {
      fault = { at, status, times };
    };
    const recover = () => {
      fault = null;
    };

    it.each<[string, Stage, number, { status?: number; times?: number }]>([
      ["the object", "whole", 10, {}],
      ["the beginning of parts", "begin", 2 * partBytes, {}],
      ["a part", "part", 2 * partBytes, {}],
      ["the completion", "complete", 2 * partBytes, {}],
      // So does AWS where it fails after it has sent its headers.
      ["the completion, in a body after 200", "complete", 2 * partBytes, { status: 200 }],
      ["the look at what is there", "look", 2 * partBytes, { times: attempts }],
    ])("is unavailable to a body at %s, keeps nothing of it, and takes it afterwards", async (_, at, size, how) => {
      const [key, bytes] = [newKey(), randomBytes(size)];
      failAt(at, how);
      expect(await codeOf(store.put(key, inChunks(bytes)))).toBe("unavailable");
      recover();
      expect(await store.stat(key)).toBeNull();
      expect(await objects()).toEqual([]);
      expect(await store.put(key, inChunks(bytes))).toEqual({ sizeBytes: size });
      expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);
    });

    it("is unavailable to an upload in parts at any of them, and goes on afterwards", async () => {
      const [key, bytes] = [newKey(), randomBytes(10)];
      failAt("begin");
      expect(await codeOf(parts.begin(key, { partBytes }))).toBe("unavailable");
      recover();
      expect(await objects()).toEqual([]);
      const id = await parts.begin(key, { partBytes });

      failAt("part");
      expect(await codeOf(parts.put(key, id, { number: 1, bytes, offset: 0 }))).toBe("unavailable");
      recover();
      expect(await parts.list(key, id)).toEqual([]);
      const stored = [await parts.put(key, id, { number: 1, bytes, offset: 0 })];

      for (const at of ["list", "complete"] as const) {
        failAt(at);
        expect(await codeOf(parts.complete(key, id, stored))).toBe("unavailable");
        recover();
        expect(await store.stat(key)).toBeNull();
        expect(await parts.list(key, id)).toEqual(stored);
      }
      // Complete it is, though nobody hears of it: the next try finds it so.
      failAt("look", { times: attempts });
      expect(await codeOf(parts.complete(key, id, stored))).toBe("unavailable");
      recover();
      expect(await parts.complete(key, id, stored)).toEqual({ sizeBytes: bytes.length });
      expect((await buffer(await store.open(key))).equals(bytes)).toBe(true);

      const other = await parts.begin(key, { partBytes });
      failAt("abort");
      expect(await codeOf(parts.abort(key, other))).toBe("unavailable");
      recover();
      await parts.abort(key, other);
    });
  });
}
