import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import type { SealedFile } from "../image-builder.ts";
import { divideFiles, ownLayerBytes } from "./model-layers.ts";

function file(path: string, sizeBytes: number): SealedFile {
  return { path, sizeBytes, digest: digestOf(path) };
}

const pathsOf = (files: readonly SealedFile[]) => files.map(({ path }) => path);

describe("dividing a package into layers", () => {
  it("gives each large file a layer of its own, and small ones one together", () => {
    const { alone, together } = divideFiles(
      [file("z.txt", 1), file("model.bin", ownLayerBytes), file("a.txt", ownLayerBytes - 1)],
      60,
    );
    expect(pathsOf(alone)).toEqual(["model.bin"]);
    expect(pathsOf(together)).toEqual(["a.txt", "z.txt"]);
  });

  it("keeps the largest apart where there are more large files than layers", () => {
    const files = Array.from({ length: 200 }, (_, index) => file(`${index}.bin`, ownLayerBytes + index));
    const { alone, together } = divideFiles(files, 10);
    expect(alone.map(({ sizeBytes }) => sizeBytes - ownLayerBytes).sort((a, b) => a - b)).toEqual([
      190, 191, 192, 193, 194, 195, 196, 197, 198, 199,
    ]);
    expect(together).toHaveLength(190);
  });

  it("divides the same files the same way in whatever order they come, also those of one size", () => {
    const files = Array.from({ length: 20 }, (_, index) => file(`${index}.bin`, ownLayerBytes));
    const [one, other] = [divideFiles(files, 7), divideFiles([...files].reverse(), 7)];
    expect(pathsOf(one.alone)).toEqual(pathsOf(other.alone));
    expect(pathsOf(one.together)).toEqual(pathsOf(other.together));
  });
});
