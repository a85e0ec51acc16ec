import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture, sourceOfBytes, sparseSource } from "../fixtures/fixture.ts";
import { Unreadable } from "../unreadable.ts";
import { readOnnx } from "./read-onnx.ts";

const read = (bytes: Buffer) => readOnnx(sourceOfBytes(bytes));

/** A field of bytes, as protobuf writes it. */
const field = (number: number, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
};
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}
const irVersion = Buffer.from([0x08, 0x08]);
const opset = field(8, Buffer.from([0x10, 0x11]));

describe("an ONNX model", () => {
  it("says its inputs and outputs, without the weights among its inputs", async () => {
    expect(await read(fixture("linear.onnx"))).toEqual({
      irVersion: 8,
      producer: "",
      opsets: [{ domain: "", version: 17 }],
      inputs: [{ name: "x", type: "float32", shape: [-1, 2] }],
      outputs: [{ name: "y", type: "float32", shape: [-1, 1] }],
      externalFiles: [],
    });
  });

  it("names the files that hold its weights", async () => {
    expect((await read(fixture("external.onnx"))).externalFiles).toEqual(["weights.bin"]);
  });

  it("says what is no tensor as onnxruntime does", async () => {
    expect((await read(fixture("maps.onnx"))).outputs).toEqual([
      { name: "scores", type: "seq(map(int64,tensor(float32)))", shape: [-1] },
    ]);
  });

  it("has -1 for a dimension that it gives a negative size", async () => {
    const minusFive = Buffer.from([0x08, 0xfb, ...Array(8).fill(0xff), 0x01]);
    const shape = field(2, field(1, minusFive), field(1, Buffer.from([0x08, 0x03])), field(1));
    const graph = field(7, field(11, field(2, field(1, Buffer.from([0x08, 0x01]), shape))));
    const { inputs } = await read(Buffer.concat([irVersion, graph, opset]));
    expect(inputs).toEqual([{ name: "", type: "float32", shape: [-1, 3, -1] }]);
  });

  it("of 10 GiB is read without its weights", async () => {
    const weightsBytes = 10 * 1024 ** 3;
    const name = field(8, Buffer.from("w"));
    const tensorHead = Buffer.concat([name, varint(9 * 8 + 2), varint(weightsBytes)]);
    const initializer = Buffer.concat([varint(5 * 8 + 2), varint(tensorHead.length + weightsBytes), tensorHead]);
    const input = field(11, field(1, Buffer.from("x")));
    const tail = Buffer.concat([input, opset]);
    const graphBytes = initializer.length + weightsBytes + input.length;
    const head = Buffer.concat([irVersion, varint(7 * 8 + 2), varint(graphBytes), initializer]);
    const { source, read } = sparseSource(head.length + weightsBytes + tail.length, [
      { at: 0, bytes: head },
      { at: head.length + weightsBytes, bytes: tail },
    ]);
    expect((await readOnnx(source)).inputs).toEqual([{ name: "x", type: "unknown", shape: [] }]);
    expect(read.bytes).toBeLessThan(1024 * 1024);
  });
});

describe("a damaged ONNX model", () => {
  it.each(["linear.onnx", "maps.onnx", "external.onnx"])("is unreadable wherever %s is cut off", async (name) => {
    const bytes = fixture(name);
    const whole = await read(bytes);
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = await read(bytes.subarray(0, length)).catch((error) => error);
      // What ends between two fields of the model itself is a model, though a smaller one.
      if (!(cut instanceof Unreadable)) expect(cut).toMatchObject({ inputs: whole.inputs, outputs: whole.outputs });
    }
  });

  it("is read or unreadable, whatever bytes are changed", async () => {
    const originals = ["linear.onnx", "maps.onnx", "external.onnx"].map(fixture);
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...originals), changes, async (original, changed) => {
        const bytes = Buffer.from(original);
        for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
        await read(bytes).catch((error) => expect(error).toBeInstanceOf(Unreadable));
      }),
      { numRuns: 3_000 },
    );
  });

  it("without a graph computes nothing", async () => {
    await expect(read(Buffer.concat([irVersion, opset]))).rejects.toThrow("without a graph");
    await expect(read(Buffer.concat([irVersion, field(7)]))).rejects.toThrow("no operator set");
  });

  it("whose types nest without end is refused", async () => {
    let type = field(1, Buffer.alloc(0));
    for (let level = 0; level < 20; level += 1) type = field(4, field(1, type));
    const graph = field(7, field(12, field(2, type)));
    await expect(read(Buffer.concat([irVersion, graph]))).rejects.toThrow("nests types deeper");
  });

  it("whose tensor has thousands of dimensions is refused", async () => {
    const shape = field(2, ...Array.from({ length: 5_000 }, () => field(1)));
    const graph = field(7, field(11, field(2, field(1, shape))));
    await expect(read(Buffer.concat([irVersion, graph]))).rejects.toThrow("dimensions");
  });

  it("with more values than a model has is refused", async () => {
    const graph = field(7, ...Array.from({ length: 10_001 }, () => field(11)));
    await expect(read(Buffer.concat([irVersion, graph]))).rejects.toThrow("too many inputs");
  });
});
