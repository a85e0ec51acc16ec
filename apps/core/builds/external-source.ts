import type { Digest } from "#core/artifacts/digest.ts";

/** An image that was built elsewhere, as it was registered; a build of it makes nothing and verifies it. */
export interface ExternalSource {
  host: string;
  repository: string;
  digest: Digest;
  /** What it was built from, as who registered it says. */
  source: { repository: string; commit: string; run: string | null };
  /** How it serves, where it is not as Slipway's own images do. */
  serve: { port: number; health: string } | null;
}

/** `host/repository@sha256:…` */
export function referenceOf({ host, repository, digest }: ExternalSource): string {
  return `${host}/${repository}@${digest}`;
}
