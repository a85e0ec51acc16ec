import type { ArtifactsConfig } from "#core/config.ts";
import type { BlobStore } from "./blob-store.ts";
import { fileBlobStore } from "./file-blob-store.ts";
import { s3BlobStore } from "./s3-blob-store.ts";
import { openS3 } from "./s3-client.ts";

/** The store that the settings name. Nothing is asked of it yet. */
export function openBlobStore({ dir, s3, leastFreeBytes }: ArtifactsConfig): BlobStore {
  return s3 === null ? fileBlobStore(dir, { leastFreeBytes }) : s3BlobStore(openS3(s3));
}
