import type { Readable } from "node:stream";
import { UnusableAnswer } from "./registry-error.ts";

/** Reads a body that has to be small. */
export async function readLimited(body: Readable, limitBytes: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += (chunk as Buffer).length;
    if (sizeBytes > limitBytes) throw new UnusableAnswer(`${what} is larger than ${limitBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
