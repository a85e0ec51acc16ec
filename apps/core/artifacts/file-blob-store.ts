/*
 * Blobs as files:
 *
 *   <dir>/ab/ab12…          a blob, complete and synced
 *   <dir>/ab/ab12….….part   bytes still flowing, or left by a crash
 */
import { randomBytes } from "node:crypto";
import { constants, createReadStream, createWriteStream } from "node:fs";
import { access, link, mkdir, open, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import type { BlobKey, BlobStore } from "./blob-store.ts";

const chunkBytes = 1024 * 1024;

export function fileBlobStore(dir: string): BlobStore {
  const pathOf = (key: BlobKey): string => join(dir, key.slice(0, 2), key);
  return {
    async put(key, body, { signal } = {}) {
      const path = pathOf(key);
      const part = `${path}.${randomBytes(4).toString("hex")}.part`;
      try {
        await ensureFolder(dirname(path));
        // `flush` syncs the file before it is closed.
        const file = createWriteStream(part, { flags: "wx", flush: true, highWaterMark: chunkBytes });
        await pipeline(body, file, { signal });
        // Unlike a rename, a link never replaces what is there.
        await link(part, path);
        await rm(part);
        await syncFolder(dirname(path));
        return { sizeBytes: file.bytesWritten };
      } catch (error) {
        body.destroy();
        await rm(part, { force: true }).catch(() => {});
        throw storeFault(error);
      }
    },

    async open(key, range) {
      const handle = await open(pathOf(key)).catch((cause: unknown) => {
        throw isMissing(cause)
          ? new SlipwayError("blob_not_found", "these bytes are not in the store", { cause })
          : storeFault(cause);
      });
      return createReadStream("", { fd: handle, highWaterMark: chunkBytes, ...(range ?? {}) });
    },

    async stat(key) {
      try {
        return { sizeBytes: (await stat(pathOf(key))).size };
      } catch (error) {
        if (isMissing(error)) return null;
        throw storeFault(error);
      }
    },

    async remove(key) {
      await rm(pathOf(key), { force: true });
    },

    async check() {
      await ensureFolder(dir);
      await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    },
  };
}

/** A new folder's name is durable only when its parent is synced, at each level that was made. */
async function ensureFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What the file system refuses (no space, no permission, a disk that is gone) is the store's fault, not the body's. */
function storeFault(error: unknown): unknown {
  const isOurs = error instanceof Error && "code" in error && "syscall" in error;
  if (!isOurs || isSlipwayError(error)) return error;
  return new SlipwayError("unavailable", "the artifact store cannot be used at the moment; try again shortly", {
    cause: error,
  });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
