/*
 * What the engine sends of a container without a terminal: frames of
 *
 *   1 byte   1 for standard output, 2 for standard error
 *   3 bytes  zero
 *   4 bytes  length of what follows, big-endian
 *
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
const headerBytes = 8;

export interface Output {
  from: "stdout" | "stderr";
  bytes: Buffer;
}

/** The parts of both outputs as they came; a cut frame at the end is left out. */
export async function* readMultiplexed(stream: AsyncIterable<Buffer>): AsyncIterable<Output> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const end = headerBytes + rest.readUInt32BE(4);
      if (rest.length < end) break;
      yield { from: rest[0] === 2 ? "stderr" : "stdout", bytes: rest.subarray(headerBytes, end) };
      rest = rest.subarray(end);
    }
  }
}
