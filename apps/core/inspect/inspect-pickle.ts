import { pipeline, type Readable, Transform } from "node:stream";
import { createGunzip, createInflate } from "node:zlib";
import { rangeFeed, streamFeed } from "./byte-cursor.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Compression } from "./file-format.ts";
import type { PickleInspection } from "./pickle/pickle-findings.ts";
import { scanPickle } from "./pickle/scan-pickle.ts";
import { Unreadable } from "./unreadable.ts";

/** A compressed pickle is read whole; deflate makes up to 1,032 bytes of one. */
const mostInflatedBytes = 8 * 1024 ** 3;

/** Scans a pickle, uncompressed or as joblib compresses it. Throws `Unreadable`. */
export async function inspectPickle(source: ByteSource, compression: Compression | null): Promise<PickleInspection> {
  if (compression === null) return scanPickle(rangeFeed(source));
  if (compression !== "zlib" && compression !== "gzip")
    throw new Unreadable(
      `is compressed with ${compression}, which cannot be inspected: save it with joblib.dump(model, path, compress=("zlib", 3)), or uncompressed`,
    );
  const inflated = inflate(await source.stream(), compression);
  try {
    return await scanPickle(streamFeed(inflated));
  } catch (error) {
    if (isZlibError(error))
      throw new Unreadable(`is damaged: its ${compression} data cannot be inflated (${error.code})`, { cause: error });
    throw error;
  } finally {
    inflated.destroy();
  }
}

function inflate(compressed: Readable, compression: "zlib" | "gzip"): Readable {
  let inflatedBytes = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      inflatedBytes += chunk.length;
      if (inflatedBytes > mostInflatedBytes)
        done(
          new Unreadable(
            `inflates to more than ${mostInflatedBytes / 1024 ** 3} GiB, too much to inspect: save it uncompressed`,
          ),
        );
      else done(null, chunk);
    },
  });
  // A failure reaches whoever reads `limit`.
  pipeline(compressed, compression === "gzip" ? createGunzip() : createInflate(), limit, () => {});
  return limit;
}

function isZlibError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string" && /^Z_/.test(error.code);
}
