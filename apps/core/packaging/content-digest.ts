/**
 * The content digest of a package: SHA-256 over the canonical JSON (RFC 8785, UTF-8) of
 *
 *     {"files": [[path, digest, sizeBytes], …], "metadata": {…}}
 *
 * with the files in order of the UTF-8 bytes of their paths. It is a function of the files' paths and bytes and of the
 * metadata alone: the same in every version, model and instance that has the same.
 */
import canonicalize from "canonicalize";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import type { PackageFile } from "./package-reader.ts";

export function contentDigest(
  files: readonly (PackageFile & { digest: Digest })[],
  metadata: Record<string, unknown>,
): Digest {
  const sorted = files
    .map(({ path, digest, sizeBytes }) => ({ bytes: Buffer.from(path), row: [path, digest, sizeBytes] }))
    .sort((a, b) => Buffer.compare(a.bytes, b.bytes))
    .map(({ row }) => row);
  const text = canonicalize({ files: sorted, metadata });
  if (text === undefined) throw new Error("the metadata is no JSON");
  return digestOf(text);
}
