import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NetworkConfig } from "#core/config.ts";
import { aptLogins, sourcesList, trustedAuthorities } from "../build-network.ts";
import { withScratchFolder } from "../scratch-folder.ts";

export interface AptSources {
  /** Files for mmdebstrap to read; none: what this machine itself uses. */
  lists: string[];
  /** PEM file; null for the machine's. */
  authorities: string | null;
  /** What lets in at the mirrors; null where nothing has to. */
  logins: string | null;
}

/** A company's mirrors and authorities, in files that are gone afterwards: an address may hold a password, and arguments
 *  are seen by everybody on a machine. */
export async function withAptSources<T>(
  { suite, network, scratchDir }: { suite: string; network: NetworkConfig; scratchDir: string },
  work: (sources: AptSources) => Promise<T>,
): Promise<T> {
  const bundle = trustedAuthorities(network);
  if (network.aptMirrors.length === 0 && bundle === null) return work({ lists: [], authorities: null, logins: null });
  return withScratchFolder(scratchDir, "apt", async (folder) => {
    const sources: AptSources = { lists: [], authorities: null, logins: null };
    if (network.aptMirrors.length > 0) {
      sources.lists.push(join(folder, "sources.list"));
      await writeFile(join(folder, "sources.list"), sourcesList(network.aptMirrors, suite));
      sources.logins = join(folder, "auth.conf");
      await writeFile(sources.logins, aptLogins(network.aptMirrors), { mode: 0o600 });
    }
    if (bundle !== null) {
      sources.authorities = join(folder, "ca.pem");
      await writeFile(sources.authorities, bundle);
    }
    return work(sources);
  });
}

/** For mmdebstrap. */
export function aptOptions({ authorities, logins }: AptSources): string[] {
  return [
    ...(authorities === null ? [] : [`--aptopt=Acquire::https::CaInfo "${authorities}"`]),
    ...(logins === null ? [] : [`--aptopt=Dir::Etc::Netrc "${logins}"`]),
  ];
}
