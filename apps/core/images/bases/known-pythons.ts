import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Config } from "#core/config.ts";
import { parseReference } from "../registry-client/reference.ts";
import { type Base, pythonMinorOf } from "./base-source.ts";

/** Of Debian's releases, which keep theirs. */
const ofSuites: Readonly<Record<string, string>> = { bullseye: "3.9", bookworm: "3.11", trixie: "3.13" };

/** The Python minor versions of this instance's bases; null where nobody knows before a base is made. */
export async function knownPythons(
  { db }: Pick<Blobs, "db">,
  { base }: Pick<Config, "base">,
): Promise<string[] | null> {
  const row = await db.base.findUnique({ where: { source: nameOf(base) } });
  if (row !== null) return [pythonMinorOf(row.record as unknown as Base)];
  const ofSuite = base.from === "debian" ? ofSuites[base.suite] : undefined;
  return ofSuite === undefined ? null : [ofSuite];
}

/** As its source calls itself. */
function nameOf(base: Config["base"]): string {
  if (base.from === "debian") return `debian:${base.suite}`;
  const { repository, digest } = parseReference(base.reference);
  return `${repository}@${digest}`;
}
