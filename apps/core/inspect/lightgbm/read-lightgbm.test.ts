import { describe, expect, it } from "vitest";
import { fixture, sourceOfBytes } from "../fixtures/fixture.ts";
import { Unreadable } from "../unreadable.ts";
import { readLightgbm } from "./read-lightgbm.ts";

const read = (bytes: Buffer | string) => readLightgbm(sourceOfBytes(Buffer.from(bytes)));
const named = fixture("lightgbm-named.txt");

describe("a LightGBM model", () => {
  it("says the names of its columns", async () => {
    expect(await read(named)).toEqual({
      signature: {
        inputs: [
          { name: "age", type: "float64", shape: [-1] },
          { name: "fare", type: "float64", shape: [-1] },
        ],
        outputs: [{ name: "prediction", type: "float64", shape: [-1] }],
      },
    });
  });

  it("whose columns have no names of their own has no signature, nor has one with categories", async () => {
    expect(await read(fixture("lightgbm.txt"))).toEqual({ signature: null });
    const text = named.toString().replace("pandas_categorical:[]", 'pandas_categorical:[["a", "b"]]');
    expect(await read(text)).toEqual({ signature: null });
  });

  it("of several classes has a column of probabilities for each", async () => {
    const text = named
      .toString()
      .replace("objective=regression", "objective=multiclass num_class:3")
      .replace("num_class=1", "num_class=3");
    expect((await read(text)).signature?.outputs).toEqual([{ name: "prediction", type: "float64", shape: [-1, 3] }]);
  });

  it("is unreadable where it is cut off before its last line", async () => {
    const end = named.indexOf("end of trees");
    for (let length = 0; length < end; length += 13)
      await expect(read(named.subarray(0, length))).rejects.toBeInstanceOf(Unreadable);
  });

  it("whose names are fewer than its columns is damaged", async () => {
    await expect(read(named.toString().replace("=age fare", "=age"))).rejects.toThrow("names 1 of its 2 columns");
  });

  it("whose head has no end is refused", async () => {
    await expect(read(`tree\nversion=v4\n${"a=b\n".repeat(1_000)}\nend of trees\n`)).rejects.toThrow();
    await expect(read(`tree\nversion=v4\nfeature_names=${"a".repeat(5_000_000)}\n\nend of trees\n`)).rejects.toThrow(
      "too long to inspect",
    );
  });
});
