import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NetworkConfig } from "#core/config.ts";
import { sourcesList, trustedAuthorities } from "../build-network.ts";
import { withScratchFolder } from "../scratch-folder.ts";

export interface AptSources {
  /** Files for mmdebstrap to read; none: what this machine itself uses. */
  lists: string[];
  /** PEM file; null for the machine's. */
  authorities: string | null;
}

/** A company's mirrors and authorities, in files that are gone afterwards: an address may hold a password, and arguments
 *  are seen by everybody on a machine. */
export async function withAptSources<T>(
  { suite, network, scratchDir }: { suite: string; network: NetworkConfig; scratchDir: string },
  work: (sources: AptSources) => Promise<T>,
): Promise<T> {
  const bundle = trustedAuthorities(network);
  if (network.aptMirrors.length === 0 && bundle === null) return work({ lists: [], authorities: null });
  return withScratchFolder(scratchDir, "apt", async (folder) => {
    const sources: AptSources = { lists: [], authorities: null };
    if (network.aptMirrors.length > 0) {
      sources.lists.push(join(folder, "sources.list"));
      await writeFile(join(folder, "sources.list"), sourcesList(network.aptMirrors, suite), { mode: 0o600 });
    }
    if (bundle !== null) {
      sources.authorities = join(folder, "ca.pem");
      await writeFile(sources.authorities, bundle);
    }
    return work(sources);
  });
}

/** For mmdebstrap. */
export function aptOptions({ authorities }: AptSources): string[] {
  return authorities === null ? [] : [`--aptopt=Acquire::https::CaInfo "${authorities}"`];
}
