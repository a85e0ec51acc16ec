import { type Readable, Transform, type TransformCallback } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import tar from "tar-stream";
import { isSlipwayError, messageOf, SlipwayError } from "#core/errors.ts";

/** Calls `take` for each file of a tar (POSIX.1-2001 pax, ustar or GNU) or tar.gz, one after another;
 *  `take` consumes its content, and what it throws is thrown. Folders are passed over; links, devices and
 *  whatever else is no plain file are refused. Throws `archive_invalid`. */
export async function readTar(
  body: Readable,
  take: (name: string, content: Readable) => Promise<void>,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const extract = tar.extract();
  const tail = new Tail();
  const flowing = pipeline(await decompressed(body), tail, extract, { signal });
  // Its failure is seen below, through `extract`.
  flowing.catch(() => {});
  let entries = 0;
  let refused: unknown;
  try {
    for await (const entry of extract) {
      entries += 1;
      const { name, type } = entry.header;
      if (type === "directory") entry.resume();
      else if (type === "file" || type === "contiguous-file")
        await take(name, entry as unknown as Readable).catch((error: unknown) => {
          refused = error;
          throw error;
        });
      else throw invalid(`the archive holds "${name}", a ${type}: a version holds plain files only`);
    }
    await flowing;
  } catch (error) {
    body.destroy();
    if (refused !== undefined) throw refused;
    if (isSlipwayError(error) || signal?.aborted) throw error;
    throw invalid(`the body is no whole tar or tar.gz archive: ${messageOf(error)}`, error);
  }
  if (entries === 0) throw invalid("the archive is empty");
  if (!tail.isEnd()) throw invalid("the archive ends before its end marker: it was cut off, send it again");
}

function invalid(message: string, cause?: unknown): SlipwayError {
  return new SlipwayError("archive_invalid", message, { cause });
}

/** Two blocks of zeros end an archive (POSIX.1-2017, pax, ustar interchange format); one that was cut between
 *  two entries looks whole but for them. */
class Tail extends Transform {
  #last: Buffer = Buffer.alloc(0);

  isEnd(): boolean {
    return this.#last.length === 1_024 && this.#last.every((byte) => byte === 0);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#last = chunk.length >= 1_024 ? chunk.subarray(-1_024) : Buffer.concat([this.#last, chunk]).subarray(-1_024);
    done(null, chunk);
  }
}

/** By the first bytes, since clients seldom name the type right: gzip starts with 1f 8b (RFC 1952 §2.3.1). */
async function decompressed(body: Readable): Promise<Readable> {
  const first = await peek(body);
  if (first === null) throw invalid("the body is empty: send a tar or tar.gz archive");
  if (first[0] !== 0x1f || first[1] !== 0x8b) return body;
  const gunzip = createGunzip();
  body.on("error", (error) => gunzip.destroy(error));
  return body.pipe(gunzip);
}

/** The first chunk, which stays in the stream; null where there is none. */
function peek(body: Readable): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      body.off("readable", look);
      body.off("end", ended);
      body.off("error", failed);
      act();
    };
    const look = () => {
      const chunk = body.read() as Buffer | null;
      if (chunk === null) return;
      // At once: a turn later a stream whose last chunk this was has ended.
      body.unshift(chunk);
      settle(() => resolve(chunk));
    };
    const ended = () => settle(() => resolve(null));
    const failed = (error: Error) => settle(() => reject(error));
    body.on("readable", look);
    body.on("end", ended);
    body.on("error", failed);
    look();
  });
}
