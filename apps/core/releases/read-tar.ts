import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import tar from "tar-stream";
import { isSlipwayError, messageOf, SlipwayError } from "#core/errors.ts";

/** Calls `take` for each file of a tar (POSIX.1-2001 pax, ustar or GNU) or tar.gz, one after another;
 *  `take` consumes its content. Folders are passed over; links, devices and whatever else is no plain file
 *  are refused. Throws `archive_invalid`. */
export async function readTar(
  body: Readable,
  take: (name: string, content: Readable) => Promise<void>,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const extract = tar.extract();
  const unpacked = new PassThrough();
  const flowing = pipeline(await decompressed(body), unpacked, extract, { signal });
  // Its failure is seen below, through `extract`.
  flowing.catch(() => {});
  let entries = 0;
  try {
    for await (const entry of extract) {
      entries += 1;
      const { name, type } = entry.header;
      if (type === "directory") entry.resume();
      else if (type === "file" || type === "contiguous-file") await take(name, entry as unknown as Readable);
      else
        throw new SlipwayError(
          "archive_invalid",
          `the archive holds "${name}", a ${type}: a version holds plain files only`,
        );
    }
    await flowing;
  } catch (error) {
    body.destroy();
    if (isSlipwayError(error) || signal?.aborted) throw error;
    throw new SlipwayError("archive_invalid", `the body is no whole tar or tar.gz archive: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (entries === 0) throw new SlipwayError("archive_invalid", "the archive is empty");
}

/** By the first bytes, since clients seldom name the type right: gzip starts with 1f 8b (RFC 1952 §2.3.1). */
async function decompressed(body: Readable): Promise<Readable> {
  const first = await firstChunk(body);
  if (first === null) throw new SlipwayError("archive_invalid", "the body is empty: send a tar or tar.gz archive");
  body.unshift(first);
  if (first[0] !== 0x1f || first[1] !== 0x8b) return body;
  const gunzip = createGunzip();
  body.on("error", (error) => gunzip.destroy(error));
  return body.pipe(gunzip);
}

function firstChunk(body: Readable): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      body.off("readable", look);
      body.off("end", ended);
      body.off("error", failed);
      act();
    };
    const look = () => {
      const chunk = body.read() as Buffer | null;
      if (chunk !== null) settle(() => resolve(chunk));
    };
    const ended = () => settle(() => resolve(null));
    const failed = (error: Error) => settle(() => reject(error));
    body.on("readable", look);
    body.on("end", ended);
    body.on("error", failed);
    look();
  });
}
