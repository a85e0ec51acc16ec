import type { Blobs } from "#core/artifacts/blobs.ts";
import { type Finding, verifyArtifacts } from "#core/artifacts/verify-artifacts.ts";

/** All that differs between the rows and the store. For a time when nothing is uploaded: bytes that have just been stored
 *  have no row yet. */
export async function findingsOf(needs: Blobs): Promise<Finding[]> {
  const findings: Finding[] = [];
  await verifyArtifacts(needs, {
    graceMs: 0,
    bytesPerSecond: Number.MAX_SAFE_INTEGER,
    signal: new AbortController().signal,
    onFinding: (finding) => findings.push(finding),
  });
  return findings;
}

export function isDamage({ what }: Finding): boolean {
  return what !== "leftover";
}
