import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fixture, sourceOfBytes } from "./fixtures/fixture.ts";
import { inspectPickle } from "./inspect-pickle.ts";
import { Unreadable } from "./unreadable.ts";

describe("a compressed pickle", () => {
  it.each(["zlib", "gzip"] as const)("is inspected as what it inflates to (%s)", async (compression) => {
    const plain = await inspectPickle(sourceOfBytes(fixture("columns-4.joblib")), null);
    const compressed = await inspectPickle(sourceOfBytes(fixture(`columns-${compression}.joblib`)), compression);
    expect(compressed).toEqual(plain);
  });

  it.each([
    ["columns-bz2.joblib", "bzip2"],
    ["columns-xz.joblib", "xz"],
    ["columns-lzma.joblib", "lzma"],
  ] as const)("that cannot be looked into says how to save it instead (%s)", async (name, compression) => {
    await expect(inspectPickle(sourceOfBytes(fixture(name)), compression)).rejects.toThrow(/compress=\("zlib", 3\)/);
  });

  it("is unreadable where it is cut off or damaged", async () => {
    const bytes = fixture("columns-zlib.joblib");
    const damaged = Buffer.from(bytes);
    damaged.fill(0xff, 200, 240);
    for (const broken of [bytes.subarray(0, 100), bytes.subarray(0, bytes.length - 200), damaged])
      await expect(inspectPickle(sourceOfBytes(broken), "zlib")).rejects.toBeInstanceOf(Unreadable);
  });

  it("may hold long values, which are passed over", async () => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(50_000_000);
    const pickle = Buffer.concat([
      Buffer.from("\x80\x03B", "latin1"),
      size,
      Buffer.alloc(50_000_000),
      Buffer.from("0csklearn.svm\nSVC\n."),
    ]);
    const { globals } = await inspectPickle(sourceOfBytes(deflateSync(pickle)), "zlib");
    expect(globals).toEqual([{ module: "sklearn.svm", name: "SVC" }]);
  });
});
