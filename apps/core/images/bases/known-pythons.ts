import type { Blobs } from "#core/artifacts/blobs.ts";
import type { BaseConfig, Config } from "#core/config.ts";
import { parseReference } from "../registry-client/reference.ts";
import { type Base, debianSource, imageSource, pythonMinorOf } from "./base-source.ts";

/** Of Debian's releases, which keep theirs. */
const ofSuites: Readonly<Record<string, string>> = { bullseye: "3.9", bookworm: "3.11", trixie: "3.13" };

/** The Python minor versions of this instance's bases, the first that of the first; null where one of them is not known
 *  before its base is made. */
export async function knownPythons(
  { db }: Pick<Blobs, "db">,
  { bases }: Pick<Config, "bases">,
): Promise<string[] | null> {
  const rows = await db.base.findMany({ where: { source: { in: bases.map(nameOfBase) } } });
  const made = new Map(rows.map(({ source, record }) => [source, pythonMinorOf(record as unknown as Base)]));
  const pythons = bases.map((base) => made.get(nameOfBase(base)) ?? statedPython(base));
  return pythons.every((python) => python !== null) ? [...new Set(pythons)] : null;
}

/** What is known of a base without a look at it. */
export function statedPython(base: BaseConfig): string | null {
  return base.from === "debian" ? (ofSuites[base.suite] ?? null) : base.pythonMinor;
}

/** As its source calls itself. */
export function nameOfBase(base: BaseConfig): string {
  return base.from === "debian" ? debianSource(base.suite) : imageSource(parseReference(base.reference));
}
