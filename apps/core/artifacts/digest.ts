import { createHash, type Hash } from "node:crypto";
import { SlipwayError } from "#core/errors.ts";

/** `sha256:` and 64 lower-case hex digits (OCI image-spec, descriptor digests). */
export type Digest = `sha256:${string}`;

export const digestPattern = "^sha256:[0-9a-f]{64}$";

export function parseDigest(text: string): Digest {
  if (!new RegExp(digestPattern).test(text))
    throw new SlipwayError("invalid_digest", `"${text}" is no digest: write sha256: and 64 lower-case hex digits`);
  return text as Digest;
}

export function sha256(): Hash {
  return createHash("sha256");
}

export function digestFrom(hash: Hash): Digest {
  return `sha256:${hash.digest("hex")}`;
}

export function digestOf(bytes: Uint8Array | string): Digest {
  return digestFrom(sha256().update(bytes));
}
