import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fixture, sourceOfBytes } from "../fixtures/fixture.ts";
import { Unreadable } from "../unreadable.ts";
import { readSavedModel } from "./read-saved-model.ts";

const read = (bytes: Buffer) => readSavedModel(sourceOfBytes(bytes));
const whole = fixture("saved-model/saved_model.pb");

describe("a SavedModel", () => {
  it("says the version that saved it, and what its serving signature takes and gives", async () => {
    expect(await read(whole)).toEqual({
      version: "2.21.0",
      hasVariables: true,
      signature: {
        inputs: [
          { name: "country", type: "string", shape: [-1] },
          { name: "rows", type: "float32", shape: [-1, 2] },
        ],
        outputs: [
          { name: "length", type: "int32", shape: [-1] },
          { name: "sum", type: "float32", shape: [-1, 1] },
        ],
      },
    });
  });

  it("without a serving signature says how to save one", async () => {
    await expect(read(fixture("unsigned.pb"))).rejects.toThrow('save it with signatures={"serving_default": …}');
  });

  it("that holds no graph is incomplete", async () => {
    await expect(read(Buffer.from([8, 1]))).rejects.toThrow("holds no graph: is the upload complete?");
  });

  it("is unreadable wherever it is cut off", async () => {
    for (let length = 0; length < whole.length; length += 61)
      await expect(read(whole.subarray(0, length))).rejects.toBeInstanceOf(Unreadable);
  });

  it("is read or unreadable, whatever bytes are changed", async () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, async (changed) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
        await read(bytes).catch((error) => expect(error).toBeInstanceOf(Unreadable));
      }),
      { numRuns: 1_000 },
    );
  });
});
