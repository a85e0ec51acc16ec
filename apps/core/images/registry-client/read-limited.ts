import type { Readable } from "node:stream";
import { RegistryError, UnusableAnswer } from "./registry-error.ts";

/** Reads a body that has to be small. */
export async function readLimited(
  body: Readable,
  limitBytes: number,
  what: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body) {
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > limitBytes) throw new UnusableAnswer(`${what} is larger than ${limitBytes} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof UnusableAnswer) throw cause;
    throw new RegistryError(`${what} was broken off`, { cause });
  }
  return Buffer.concat(chunks);
}
