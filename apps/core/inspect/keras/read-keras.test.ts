import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture, sourceOfBytes, sparseSource } from "../fixtures/fixture.ts";
import { rootAttributes } from "../hdf5/root-attributes.ts";
import { Unreadable } from "../unreadable.ts";
import { readKerasArchive, readKerasHdf5 } from "./read-keras.ts";

const archive = (name: string) => readKerasArchive(sourceOfBytes(fixture(name)));
const hdf5 = (name: string) => readKerasHdf5(sourceOfBytes(fixture(name)));
const plain = { ownClasses: [], hasBytecode: false };

describe("a Keras model", () => {
  it("says the version that saved it, in an archive and in HDF5", async () => {
    expect(await archive("dense.keras")).toEqual({ version: "3.15.1", ...plain });
    expect(await hdf5("dense.h5")).toEqual({ version: "3.15.1", ...plain });
  });

  it("says whether it holds bytecode, and classes that no module is named for", async () => {
    expect(await archive("lambda.keras")).toMatchObject({ hasBytecode: true });
    expect(await hdf5("lambda.h5")).toMatchObject({ hasBytecode: true });
    expect(await archive("own-layer.keras")).toMatchObject({ hasBytecode: false, ownClasses: [expect.any(String)] });
  });

  it("that is weights alone is no model", async () => {
    await expect(hdf5("dense.weights.h5")).rejects.toThrow('save the whole model with model.save("model.keras")');
  });

  it("without its architecture is incomplete", async () => {
    await expect(archive("model.skops")).rejects.toThrow("without metadata.json");
    await expect(archive("model.keras")).rejects.toThrow("whose metadata.json is no JSON");
  });
});

describe("an HDF5 file", () => {
  it("has the texts of its root as h5py has them", async () => {
    const attributes = await rootAttributes(sourceOfBytes(fixture("dense.h5")));
    expect([...attributes.keys()].sort()).toEqual(["backend", "keras_version", "model_config"]);
    expect(JSON.parse(attributes.get("model_config") ?? "")).toMatchObject({ class_name: "Sequential" });
  });

  it("is unreadable wherever it is cut off", async () => {
    const bytes = fixture("dense.h5");
    for (let length = 0; length < bytes.length; length += 97)
      await expect(rootAttributes(sourceOfBytes(bytes.subarray(0, length)))).rejects.toBeInstanceOf(Unreadable);
  });

  it("is read or unreadable, whatever bytes are changed", async () => {
    const original = fixture("dense.h5");
    const changes = fc.array(fc.tuple(fc.nat(3_000), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, async (changed) => {
        const bytes = Buffer.from(original);
        for (const [at, byte] of changed) bytes[at] = byte;
        await rootAttributes(sourceOfBytes(bytes)).catch((error) => expect(error).toBeInstanceOf(Unreadable));
      }),
      { numRuns: 3_000 },
    );
  });

  it("whose header goes on in itself without end is left where that shows", async () => {
    const bytes = Buffer.from(fixture("dense.h5"));
    const root = Number(bytes.readBigUInt64LE(24 + 5 * 8));
    const message = root + 16;
    bytes.writeUInt16LE(16, message);
    bytes.writeBigUInt64LE(BigInt(message), message + 8);
    bytes.writeBigUInt64LE(24n, message + 16);
    await rootAttributes(sourceOfBytes(bytes)).catch((error) => expect(error).toBeInstanceOf(Unreadable));
  });

  it("of 10 GiB is read without its data", async () => {
    const head = Buffer.from(fixture("dense.h5"));
    const sizeBytes = 10 * 1024 ** 3;
    head.writeBigUInt64LE(BigInt(sizeBytes), 24 + 2 * 8);
    const { source, read } = sparseSource(sizeBytes, [{ at: 0, bytes: head }]);
    expect(await readKerasHdf5(source)).toEqual({ version: "3.15.1", ...plain });
    expect(read.bytes).toBeLessThan(1024 * 1024);
  });
});
