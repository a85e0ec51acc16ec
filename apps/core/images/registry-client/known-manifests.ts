import type { Digest } from "#core/artifacts/digest.ts";
import type { RegistryClient } from "./client.ts";
import { type PulledManifest, pullManifest } from "./manifests.ts";

/** Manifests have some kilobytes; an index or one of many layers a few more. */
const keptAtMost = 500;
const largestBytes = 64 * 1024;

/** The last manifests that were asked for by digest, which are the same for ever and wherever they are. */
export interface KnownManifests {
  /** Null where nobody has it. */
  pull(client: RegistryClient, repository: string, digest: Digest, signal: AbortSignal): Promise<PulledManifest | null>;
}

export function openKnownManifests(): KnownManifests {
  const known = new Map<Digest, PulledManifest>();
  return {
    async pull(client, repository, digest, signal) {
      const manifest = known.get(digest) ?? (await pullManifest(client, repository, digest, signal));
      if (manifest === null || manifest.bytes.length > largestBytes) return manifest;
      known.delete(digest);
      known.set(digest, manifest);
      const [oldest] = known.keys();
      if (known.size > keptAtMost && oldest !== undefined) known.delete(oldest);
      return manifest;
    },
  };
}
