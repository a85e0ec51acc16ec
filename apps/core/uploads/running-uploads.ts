import type { Hash } from "node:crypto";
import { SlipwayError } from "#core/errors.ts";
import { heldBytes, mostHeldBytes } from "./receive-parts.ts";
import type { Upload } from "./upload.ts";

/** Hashes of uploads that wait for their next request. */
const mostHashes = 1_000;
/** A writer that is stopped has saved what came by then, or does not answer. */
const stoppedWithinMs = 10_000;

/** What this process remembers of the uploads whose bytes come through it. All of it may be lost. */
export interface RunningUploads {
  /** Runs the one writer of an upload; its signal aborts when it is to let go. Throws `unavailable` where the parts of others
   *  fill the memory that there is for them. */
  run<T>(
    upload: Pick<Upload, "id" | "sizeBytes" | "partSizeBytes">,
    write: (signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
  /** Has a writer of this process let go, and waits for it: its client has come back on another connection. */
  stop(id: string): Promise<void>;
  /** Of the first `bytes` of an upload, if all of them passed here; null where they did not. */
  takeHash(id: string, bytes: number): Hash | null;
  keepHash(id: string, bytes: number, hash: Hash): void;
}

export function openRunningUploads(): RunningUploads {
  const writers = new Map<string, { abort: AbortController; ended: Promise<unknown> }>();
  let allBytes = 0;
  const hashes = new Map<string, { bytes: number; hash: Hash }>();
  return {
    async run({ id, ...size }, write) {
      const bytes = heldBytes(size);
      if (allBytes > 0 && allBytes + bytes > mostHeldBytes)
        throw new SlipwayError("unavailable", "too many uploads are written at this moment; try again shortly");
      allBytes += bytes;
      const abort = new AbortController();
      const writing = write(abort.signal);
      // Whoever waits for its end is not told how it went.
      const writer = { abort, ended: writing.then(noMatter, noMatter) };
      // A second one is refused by the row, and must not be taken for the first.
      if (!writers.has(id)) writers.set(id, writer);
      try {
        return await writing;
      } finally {
        allBytes -= bytes;
        if (writers.get(id) === writer) writers.delete(id);
      }
    },

    async stop(id) {
      const writer = writers.get(id);
      if (writer === undefined) return;
      writer.abort.abort(new SlipwayError("upload_busy", "another connection goes on with this upload"));
      const late = new AbortController();
      const patience = new Promise((resolve) => {
        const timer = setTimeout(resolve, stoppedWithinMs);
        late.signal.addEventListener("abort", () => clearTimeout(timer));
      });
      await Promise.race([writer.ended, patience]);
      late.abort();
    },

    takeHash(id, bytes) {
      const kept = hashes.get(id);
      hashes.delete(id);
      return kept?.bytes === bytes ? kept.hash : null;
    },

    keepHash(id, bytes, hash) {
      hashes.set(id, { bytes, hash });
      const [oldest] = hashes.keys();
      if (hashes.size > mostHashes && oldest !== undefined) hashes.delete(oldest);
    },
  };
}

const noMatter = (): void => {};
