import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { zipOf } from "#test/zip-of.ts";
import { fixture, sourceOfBytes } from "./fixtures/fixture.ts";
import { Unreadable } from "./unreadable.ts";
import { readZipEntry, repeatedEntry, zipEntries } from "./zip-archive.ts";

async function read(archive: Buffer, name: string, limitBytes = 1024 * 1024): Promise<string | undefined> {
  const source = sourceOfBytes(archive);
  return (await readZipEntry(source, await zipEntries(source), name, limitBytes))?.toString();
}

describe("an entry of a ZIP archive", () => {
  it("is read whether it is stored or deflated", async () => {
    expect(await read(fixture("dense.keras"), "metadata.json")).toMatch(/^\{"keras_version": "3\./);
    expect(
      await read(
        zipOf([
          ["a", Buffer.from("one")],
          ["b", Buffer.from("two")],
        ]),
        "b",
      ),
    ).toBe("two");
    expect(await read(zipOf([]), "a")).toBeUndefined();
  });

  it("is not inflated beyond its limit, whatever it says of its size", async () => {
    const zeros = Buffer.alloc(50 * 1024 * 1024);
    await expect(read(zipOf([["a", zeros]]), "a")).rejects.toThrow("whose a is larger than 1 MiB");
    await expect(read(zipOf([["a", zeros]], 10), "a")).rejects.toThrow("whose a is larger than 1 MiB");
  });

  it("that is there twice is none: readers differ in which they take", async () => {
    const twice = zipOf([
      ["a", Buffer.from("one")],
      ["a", Buffer.from("two")],
    ]);
    await expect(read(twice, "a")).rejects.toThrow("holds a twice");
    expect(repeatedEntry(await zipEntries(sourceOfBytes(twice)))).toBe("a");
  });

  it("is read or unreadable, whatever bytes are changed", async () => {
    const original = zipOf([
      ["config.json", Buffer.from('{"a": 1}')],
      ["b", Buffer.from("two")],
    ]);
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(original.length), async (changed, length) => {
        const bytes = Buffer.from(original.subarray(0, Math.max(1, length)));
        for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
        await read(bytes, "config.json").catch((error) => expect(error).toBeInstanceOf(Unreadable));
      }),
      { numRuns: 2_000 },
    );
  });
});
