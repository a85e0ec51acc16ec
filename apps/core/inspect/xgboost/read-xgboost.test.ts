import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteCursor, rangeFeed } from "../byte-cursor.ts";
import { fixture, sourceOfBytes, sparseSource } from "../fixtures/fixture.ts";
import { Unreadable } from "../unreadable.ts";
import { pickJson } from "./pick-json.ts";
import { readXgboost } from "./read-xgboost.ts";

const read = (bytes: Buffer | string) => readXgboost(sourceOfBytes(Buffer.from(bytes)));
const length = (count: number) => {
  const bytes = Buffer.alloc(9);
  bytes.write("L");
  bytes.writeBigInt64BE(BigInt(count), 1);
  return bytes;
};
const key = (name: string) => Buffer.concat([length(name.length), Buffer.from(name)]);

describe("an XGBoost model", () => {
  it.each(["xgboost-named.json", "xgboost-named.ubj"])(
    "says its version and the names of its columns (%s)",
    async (name) => {
      expect(await read(fixture(name))).toEqual({
        version: "3.2.0",
        signature: {
          inputs: [
            { name: "age", type: "float64", shape: [-1] },
            { name: "fare", type: "float64", shape: [-1] },
          ],
          outputs: [{ name: "prediction", type: "float32", shape: [-1, 3] }],
        },
      });
    },
  );

  it.each(["xgboost.json", "xgboost.ubj"])("without names has no signature (%s)", async (name) => {
    expect(await read(fixture(name))).toEqual({ version: "3.2.0", signature: null });
  });

  it("with categories leaves it to them what a value is called", async () => {
    const text = fixture("xgboost-named.json").toString().replace('"float", "float"', '"c", "float"');
    expect(text).toContain('"c"');
    expect((await read(text)).signature).toBeNull();
  });

  it("of the old binary format is one that the newest versions do not read", async () => {
    expect(await read("binf\0\0\0\0")).toEqual({ version: null, before: "3.1", signature: null });
  });

  it.each(["xgboost-named.json", "xgboost-named.ubj"])("is unreadable wherever it is cut off (%s)", async (name) => {
    const bytes = fixture(name);
    const end = name.endsWith("json") ? bytes.toString().trimEnd().length : bytes.length;
    for (let size = 4; size < end; size += 7)
      await expect(read(bytes.subarray(0, size))).rejects.toBeInstanceOf(Unreadable);
  });

  it("is read or unreadable, whatever bytes are changed", async () => {
    const originals = ["xgboost-named.json", "xgboost-named.ubj"].map(fixture);
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...originals), changes, async (original, changed) => {
        const bytes = Buffer.from(original);
        for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
        await read(bytes).catch((error) => expect(error).toBeInstanceOf(Unreadable));
      }),
      { numRuns: 2_000 },
    );
  });

  it("whose values nest without end is refused", async () => {
    const deep = Buffer.concat([Buffer.from("{"), key("a"), Buffer.from("[".repeat(200_000))]);
    await expect(read(deep)).rejects.toThrow("nests deeper than 64 levels");
    await expect(read(`{"learner": {"a": ${"[".repeat(200_000)}`)).rejects.toThrow("is the upload complete?");
  });

  it("of 10 GiB is read without its trees", async () => {
    const treesBytes = 10 * 1024 ** 3;
    const head = Buffer.concat([
      ...[Buffer.from("{"), key("learner"), Buffer.from("{"), key("feature_names")],
      ...[Buffer.from("[#"), length(1), Buffer.from("S"), key("age")],
      ...[key("gradient_booster"), Buffer.from("[$d#"), length(treesBytes / 4)],
    ]);
    const tail = Buffer.from("}}");
    const { source, read: counted } = sparseSource(head.length + treesBytes + tail.length, [
      { at: 0, bytes: head },
      { at: head.length + treesBytes, bytes: tail },
    ]);
    expect((await readXgboost(source)).signature?.inputs).toEqual([{ name: "age", type: "float64", shape: [-1] }]);
    expect(counted.bytes).toBeLessThan(1024 * 1024);
  });
});

it("picks of any JSON what JSON.parse finds there", async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ a: fc.jsonValue(), b: fc.jsonValue(), c: fc.jsonValue() }), async (value) => {
      for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
        const cursor = new ByteCursor(rangeFeed(sourceOfBytes(Buffer.from(text))));
        const { a, c } = JSON.parse(text);
        expect(await pickJson(cursor, { a: true, c: true })).toEqual({ a, c });
      }
    }),
    { numRuns: 500 },
  );
});
