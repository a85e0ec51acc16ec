import { BuildFault } from "../image-builder.ts";
import type { LockedRequirement } from "../lock.ts";

/** A requirement's own hashes (`--hash=sha256:…`, pip's hash-checking mode) hold for the wheel that was chosen:
 *  the resolver passes them over. */
export function checkPinnedHashes(requirements: readonly string[], resolved: readonly LockedRequirement[]): void {
  for (const line of requirements) {
    const pinned = [...line.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hash]) => hash);
    if (pinned.length === 0) continue;
    const name = nameIn(line);
    // A line whose marker does not hold for this Python resolves to nothing.
    const wheel = resolved.find((candidate) => candidate.name === name);
    if (wheel === undefined || pinned.includes(wheel.sdist?.sha256 ?? wheel.sha256)) continue;
    throw new BuildFault(
      "requirements_unresolvable",
      `requirements.txt pins ${name} by hash, and the index has ${wheel.wheel} with sha256:${wheel.sha256}: ` +
        "add that hash, or find out why it is another file",
    );
  }
}

/** For tools that resolve, which would want a hash for every line. */
export function withoutHashes(line: string): string {
  return line.replaceAll(/\s+--hash=\S+/g, "");
}

/** PEP 503. */
function nameIn(line: string): string {
  return (/^[A-Za-z0-9._-]+/.exec(line)?.[0] ?? "").replace(/[-_.]+/g, "-").toLowerCase();
}
