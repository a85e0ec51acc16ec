import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { detectFormat, isLfsPointer } from "./detect-format.ts";
import { fixture, sourceOfBytes } from "./fixtures/fixture.ts";

const detect = (bytes: Buffer | string) => detectFormat(sourceOfBytes(Buffer.from(bytes)));

describe("the format of a file, by its bytes alone", () => {
  it.each([
    ["columns-0.pkl", "pickle", null],
    ["columns-1.pkl", "pickle", null],
    ["columns-2.pkl", "pickle", null],
    ["columns-5.pkl", "pickle", null],
    ["columns-0.joblib", "pickle", null],
    ["columns-4.joblib", "pickle", null],
    ["columns-zlib.joblib", "pickle", "zlib"],
    ["columns-gzip.joblib", "pickle", "gzip"],
    ["columns-bz2.joblib", "pickle", "bzip2"],
    ["columns-xz.joblib", "pickle", "xz"],
    ["columns-lzma.joblib", "pickle", "lzma"],
    ["linear.onnx", "onnx", null],
    ["external.onnx", "onnx", null],
    ["script.pt", "torchscript", null],
    ["checkpoint.pt", "torch", null],
    ["model.keras", "keras", null],
    ["model.skops", "skops", null],
    ["weights.safetensors", "safetensors", null],
    ["xgboost.json", "xgboost", null],
    ["xgboost.ubj", "xgboost", null],
    ["lightgbm.txt", "lightgbm", null],
  ])("of %s is %s", async (name, format, compression) => {
    expect(await detect(fixture(name))).toEqual({ format, compression });
  });

  it.each([
    ["\x89HDF\r\n\x1a\n\0\0", "hdf5"],
    ["GGUF\x03\0\0\0", "gguf"],
    ["\x1c\0\0\0TFL3", "tflite"],
  ])("of bytes that begin with %j is %s", async (head, format) => {
    expect(await detect(Buffer.from(head, "latin1"))).toEqual({ format, compression: null });
  });

  it.each([
    ["a ZIP of arrays", fixture("arrays.npz")],
    ["a Python script", "import pickle\nclass Predictor:\n    pass\n"],
    ["a requirements file", "scikit-learn==1.9.1\n"],
    ["a JSON configuration", '{"threshold": 0.5, "learner": "trees"}'],
    ["a Markdown text", "(draft)\n\nA model card.\n"],
    ["a TensorFlow graph", Buffer.concat([Buffer.from([8, 1, 0x12, 0xff, 0x41]), Buffer.alloc(300, "A")])],
    ["a gzip of something else", Buffer.from("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==", "base64")],
    ["nothing", ""],
  ])("is none for %s", async (_what, bytes) => {
    expect(await detect(bytes)).toBeNull();
  });

  it("never fails, whatever the bytes are", async () => {
    const heads = ["PK\x03\x04", "\x1f\x8b", "x\x9c", "\x08\x08", "{", "c", "\x80\x04"].map((head) =>
      Buffer.from(head, "latin1"),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 200 }), async (head, rest) => {
        await detect(Buffer.concat([head, rest]));
      }),
      { numRuns: 3_000 },
    );
  });
});

it("knows a Git LFS pointer", async () => {
  const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
  expect(await isLfsPointer(sourceOfBytes(Buffer.from(pointer)))).toBe(true);
  expect(await isLfsPointer(sourceOfBytes(fixture("columns-4.pkl")))).toBe(false);
});
