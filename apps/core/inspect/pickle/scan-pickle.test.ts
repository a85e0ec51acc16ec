import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rangeFeed } from "../byte-cursor.ts";
import { fixture, sourceOfBytes, sparseSource } from "../fixtures/fixture.ts";
import { Unreadable } from "../unreadable.ts";
import { scanPickle } from "./scan-pickle.ts";

const scan = (bytes: Buffer) => scanPickle(rangeFeed(sourceOfBytes(bytes)));
const pickleOf = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
const uint32 = (number: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
};
const uint64 = (number: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(number);
  return bytes;
};

describe("what a pickle would import", () => {
  const truth = JSON.parse(fixture("truth.json").toString()) as Record<string, [string, string][]>;
  const uncompressed = Object.keys(truth).filter((name) => !/gzip|zlib/.test(name));

  it.each(uncompressed)("of %s is what Python imports when it unpickles it", async (name) => {
    const { globals, unresolvedGlobals } = await scan(fixture(name));
    const found = globals.map(({ module, name }) => `${module} ${name}`).sort();
    expect(found).toEqual(truth[name]?.map((pair) => pair.join(" ")).sort());
    expect(unresolvedGlobals).toBe(0);
  });

  it("is found where module and name come from the memo", async () => {
    const bytes = pickleOf("\x80\x04\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93.");
    expect((await scan(bytes)).globals).toEqual([{ module: "os", name: "system" }]);
  });

  it("is found where MEMOIZE follows a PUT out of order, as an unpickler counts", async () => {
    const bytes = pickleOf("\x80\x04\x8c\x02osq\x050\x8c\x06system\x940h\x05h\x01\x93.");
    expect((await scan(bytes)).globals).toEqual([{ module: "os", name: "system" }]);
  });

  it("is found where a PUT was made twice, which an unpickler counts once", async () => {
    const bytes = pickleOf("\x80\x04\x8c\x02osq\x00q\x000\x8c\x06system\x940h\x00h\x01\x93.");
    expect((await scan(bytes)).globals).toEqual([{ module: "os", name: "system" }]);
  });

  it("is found in a pickle that lies inside a joblib array of objects", async () => {
    const { globals } = await scan(fixture("arrays.joblib"));
    expect(globals).toContainEqual({ module: "sklearn.preprocessing._data", name: "StandardScaler" });
  });

  it("counts as unresolved where the name is computed, escaped, or an extension code", async () => {
    const computed = pickleOf("\x80\x04\x8c\x02os", "N\x93.");
    const escaped = pickleOf("\x80\x04S'o\\x73'\n\x8c\x06system\x93.");
    const extension = pickleOf("\x80\x02\x82\x01.");
    for (const bytes of [computed, escaped, extension]) expect((await scan(bytes)).unresolvedGlobals).toBe(1);
  });
});

describe("what a pickle says of its model", () => {
  it.each([0, 1, 2, 3, 4, 5])("is the same in protocol %i", async (protocol) => {
    expect(await scan(fixture(`columns-${protocol}.pkl`))).toMatchObject({
      root: { kind: "object", type: { module: "sklearn.pipeline", name: "Pipeline" } },
      sklearnVersion: "1.9.1",
      hasFeatureNames: true,
    });
  });

  it.each(["0", "2", "4", "5", "unpadded"])(
    "is the same with joblib's arrays between the opcodes (%s)",
    async (kind) => {
      expect(await scan(fixture(`columns-${kind}.joblib`))).toMatchObject({
        root: { kind: "object", type: { module: "sklearn.pipeline", name: "Pipeline" } },
        sklearnVersion: "1.9.1",
        hasFeatureNames: true,
      });
    },
  );

  it("passes over arrays of every kind", async () => {
    expect(await scan(fixture("arrays.joblib"))).toMatchObject({ root: { kind: "dict" }, sklearnVersion: "1.9.1" });
  });

  it("has no named columns where it was fitted on texts", async () => {
    expect(await scan(fixture("text.joblib"))).toMatchObject({ hasFeatureNames: false });
  });

  it("shows a dict, an array and a list for what they are", async () => {
    expect((await scan(fixture("dict.pkl"))).root).toEqual({ kind: "dict" });
    expect((await scan(fixture("array.pkl"))).root).toEqual({
      kind: "object",
      type: { module: "numpy", name: "ndarray" },
    });
    expect((await scan(fixture("eval.pkl"))).root).toEqual({ kind: "list" });
  });
});

describe("a pickle that is damaged or made to do harm", () => {
  it.each(["columns-0.pkl", "columns-4.pkl", "columns-4.joblib", "arrays.joblib"])(
    "is unreadable wherever %s is cut off",
    async (name) => {
      const bytes = fixture(name);
      for (let length = 0; length < bytes.length; length += 17)
        await expect(scan(bytes.subarray(0, length))).rejects.toBeInstanceOf(Unreadable);
    },
  );

  it("is read or unreadable, whatever bytes are changed", async () => {
    const originals = ["columns-0.pkl", "columns-4.pkl", "columns-5.joblib", "arrays.joblib"].map(fixture);
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...originals), changes, async (original, changed) => {
        const bytes = Buffer.from(original);
        for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
        await scan(bytes).catch((error) => expect(error).toBeInstanceOf(Unreadable));
      }),
      { numRuns: 2_000 },
    );
  });

  it("is read or unreadable, whatever the bytes are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        await scan(Buffer.from(bytes)).catch((error) => expect(error).toBeInstanceOf(Unreadable));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ["a length beyond the end", pickleOf("\x80\x04\x8d", uint64(2n ** 60n), "x")],
    ["a negative length", pickleOf("\x80\x02T\xff\xff\xff\xff.")],
    ["a memo number too large", pickleOf("\x80\x02Nr", uint32(0xffffffff), ".")],
    ["a memo number that is not there", pickleOf("\x80\x02h\x07.")],
    ["an opcode that finds nothing", pickleOf("\x80\x02R.")],
    ["a mark that is not there", pickleOf("\x80\x02u.")],
    ["an opcode that reaches below a mark", pickleOf("\x80\x02N(\x85.")],
    ["no opcode at all", Buffer.from("hello")],
    ["nothing", Buffer.alloc(0)],
  ])("is unreadable with %s", async (_what, bytes) => {
    await expect(scan(bytes)).rejects.toBeInstanceOf(Unreadable);
  });

  it("names the byte that is no opcode", async () => {
    await expect(scan(pickleOf("\x80\x02N\xff."))).rejects.toThrow("byte 3 is 0xff, which is no opcode");
  });

  it("with a million opcodes takes a second or two, and no more memory than its stack", async () => {
    const many = pickleOf("\x80\x04](", Buffer.alloc(1_000_000, "N"), "e.");
    expect((await scan(many)).root).toEqual({ kind: "list" });
    const deep = pickleOf("\x80\x04", Buffer.alloc(1_000_000, ")"), Buffer.alloc(999_999, "0"), ".");
    expect((await scan(deep)).root).toEqual({ kind: "tuple" });
    const nested = pickleOf("\x80\x04)", Buffer.alloc(1_000_000, "\x85", "latin1"), ".");
    expect((await scan(nested)).root).toEqual({ kind: "tuple" });
  }, 10_000);

  it("stacks no more than a million values", async () => {
    await expect(scan(pickleOf("\x80\x04", Buffer.alloc(2_000_000, "N"), "."))).rejects.toThrow("too many to inspect");
    await expect(scan(pickleOf("\x80\x04", Buffer.alloc(2_000_000, "("), "."))).rejects.toThrow("too many to inspect");
  });

  it("imports no more than ten thousand names", async () => {
    const lines = Array.from({ length: 10_001 }, (_, index) => `cmodule\nname${index}\n0`);
    await expect(scan(pickleOf(...lines, "N."))).rejects.toThrow("too many to inspect");
  });
});

it("does not read the bytes of a 10 GiB value", async () => {
  const size = 10n * 1024n ** 3n;
  const head = pickleOf("\x80\x04\x8e", uint64(size));
  const tail = pickleOf("0csklearn.svm\nSVC\n.");
  const end = head.length + Number(size);
  const { source, read } = sparseSource(end + tail.length, [
    { at: 0, bytes: head },
    { at: end, bytes: tail },
  ]);
  const { globals } = await scanPickle(rangeFeed(source));
  expect(globals).toEqual([{ module: "sklearn.svm", name: "SVC" }]);
  expect(read.bytes).toBeLessThan(1024 * 1024);
});
