import { type Digest, parseDigest } from "#core/artifacts/digest.ts";

/** An image by digest: `host[:port]/repository@sha256:…`. */
export interface ImageReference {
  host: string;
  repository: string;
  digest: Digest;
}

export function parseReference(text: string): ImageReference {
  const [, host, repository, digest] = /^([^/@]+)\/([^@]+)@(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
  if (host === undefined || repository === undefined || digest === undefined)
    throw new Error(`"${text}" is no image reference: write host/repository@sha256:…`);
  // A tag before the digest says nothing: the digest decides.
  return { host, repository: repository.replace(/:[^/:]+$/, ""), digest: parseDigest(digest) };
}
