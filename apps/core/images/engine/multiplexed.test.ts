import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { readMultiplexed } from "./multiplexed.ts";

function frame(from: "stdout" | "stderr", text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = from === "stdout" ? 1 : 2;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

async function read(chunks: Buffer[]): Promise<string[]> {
  const parts: string[] = [];
  for await (const { from, bytes } of readMultiplexed(Readable.from(chunks))) parts.push(`${from} ${bytes}`);
  return parts;
}

it("reads what was written, however it is cut on the way", async () => {
  const bytes = Buffer.concat([
    frame("stdout", "one\n"),
    frame("stderr", ""),
    frame("stderr", "twö"),
    frame("stdout", "3"),
  ]);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
      expect(await read(chunks)).toEqual(["stdout one\n", "stderr ", "stderr twö", "stdout 3"]);
    }),
  );
});

it("leaves out what was cut off", async () => {
  expect(await read([frame("stdout", "whole"), frame("stdout", "cut off").subarray(0, 12)])).toEqual(["stdout whole"]);
});
