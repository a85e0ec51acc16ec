import { type Digest, parseDigest } from "#core/artifacts/digest.ts";

/** An image by digest: `host[:port]/repository@sha256:…`. */
export interface ImageReference {
  host: string;
  repository: string;
  digest: Digest;
}

const pathPart = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const repositoryPath = new RegExp(`^${pathPart}(?:/${pathPart})*$`);

/** distribution-spec, "Pulling manifests": `<name>`. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= 255 && repositoryPath.test(text);
}

export function parseReference(text: string): ImageReference {
  const [, host, repository, digest] = /^([^/@]+)\/([^@]+)@(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
  // A tag before the digest says nothing: the digest decides.
  const path = repository?.replace(/:[^/:]+$/, "") ?? "";
  if (host === undefined || digest === undefined || !isRepositoryPath(path))
    throw new Error(`"${text}" is no image reference: write host/repository@sha256:…`);
  return { host, repository: path, digest: parseDigest(digest) };
}
