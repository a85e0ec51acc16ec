import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import tar from "tar-stream";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { readTar } from "./read-tar.ts";

const name = fc.stringMatching(/^[a-zA-Z0-9é日_]{1,60}(?:\/[a-zA-Z0-9é日_]{1,60}){0,4}$/);
const files = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 1_500 })), {
  selector: ([path]) => path,
  maxLength: 5,
  minLength: 1,
});

/** As another library writes it: the reader has no say in it. */
function pack(entries: readonly (readonly [string, Uint8Array])[]): Promise<Buffer> {
  const archive = tar.pack();
  for (const [path, content] of entries) archive.entry({ name: path }, Buffer.from(content));
  archive.finalize();
  return buffer(archive);
}

/** In pieces of one size, so that blocks are cut everywhere. */
function inPieces(bytes: Buffer, size: number): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces, { objectMode: false });
}

async function read(body: Readable): Promise<[string, Buffer][]> {
  const found: [string, Buffer][] = [];
  await readTar(body, async ({ name: path, content }) => {
    found.push([path, await buffer(content)]);
  });
  return found;
}

describe("a tar archive", () => {
  it("that another library wrote reads back the same, plain or packed, however it is cut on its way", async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 2_000 }), async (entries, size) => {
        const expected = entries.map(([path, content]) => [path, Buffer.from(content)]);
        const archive = await pack(entries);
        expect(await read(inPieces(archive, size))).toEqual(expected);
        expect(await read(inPieces(gzipSync(archive), size))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it("that is cut anywhere is refused", async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.double({ min: 0, max: 0.999, noNaN: true }), async (entries, share) => {
        const archive = await pack(entries);
        const cut = archive.subarray(0, Math.floor(share * (archive.length - 512)));
        await expect(read(inPieces(cut, 700))).rejects.toMatchObject({ code: "archive_invalid" });
      }),
      { numRuns: 60 },
    );
  });

  it("with any bytes changed is read or refused, and never hangs or breaks", async () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(files, changes, fc.boolean(), async (entries, bytes, packed) => {
        const plain = await pack(entries);
        const archive = packed ? gzipSync(plain) : plain;
        for (const [at, value] of bytes) archive[at % archive.length] = value;
        await read(inPieces(archive, 700)).catch((error: unknown) => {
          if (!isSlipwayError(error, "archive_invalid")) throw error;
        });
      }),
      { numRuns: 200, timeout: 60_000 },
    );
  });

  it("whose fields are anything is read or refused", async () => {
    const field = fc.uint8Array({ minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        files,
        field,
        fc.nat(255),
        fc.uint8Array({ maxLength: 300 }),
        async (entries, size, type, words) => {
          const archive = await pack([["pax", words], ...entries]);
          archive[156] = type;
          if (type % 2 === 0) Buffer.from(size).copy(archive, 124);
          archive.write("        ", 148);
          const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
          archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
          await read(inPieces(archive, 700)).catch((error: unknown) => {
            if (!isSlipwayError(error, "archive_invalid")) throw error;
          });
        },
      ),
      { numRuns: 200, timeout: 60_000 },
    );
  });

  it("that ends with half a gibibyte of zeros costs next to nothing", async () => {
    const archive = await pack([["a", Buffer.from("1")]]);
    const zeros = Buffer.alloc(1024 * 1024);
    const pieces = [archive, ...Array.from({ length: 512 }, () => zeros)];
    const before = process.cpuUsage();
    expect(await read(Readable.from(pieces, { objectMode: false }))).toHaveLength(1);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });
});
