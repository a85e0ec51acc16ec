import { satisfies } from "@renovatebot/pep440";
import type { Fault } from "#core/errors.ts";
import type { OwnRequirements } from "./own-requirements.ts";
import type { WantedPython } from "./python-version.ts";

/** What this instance has for packages to be built on. */
export interface Offers {
  /** The Python of each base, as `3.11`; null where that is not known before the first build. */
  pythons: string[] | null;
  /** Whether the operator has named an index of torch's wheels. */
  hasTorchIndex: boolean;
}

export const nothingKnown: Offers = { pythons: null, hasTorchIndex: false };

/** A package that no base can serve, by what it says of its Python and of that of its requirements. */
export function pythonFaults(
  { minor, where }: WantedPython,
  ofRequirements: OwnRequirements["python"],
  { pythons }: Offers,
): Fault[] {
  if (pythons === null) return [];
  if (minor === null && ofRequirements !== undefined) return unsuited(ofRequirements, pythons);
  if (minor === null || pythons.includes(minor)) return [];
  const message =
    `asks for Python ${minor}, and this registry has bases with Python ${pythons.join(" and ")}: ` +
    `say python: "${pythons[0]}" in slipway.yaml if it runs there too, or have the operator add a base with Python ${minor} to SLIPWAY_BASE`;
  return [{ where, message }];
}

/** The Python that a package is built on, by both; null: whatever the first base has. */
export function pythonMinorFor(
  { minor }: WantedPython,
  ofRequirements: OwnRequirements["python"],
  { pythons }: Offers,
): string | null {
  if (minor !== null || ofRequirements === undefined || pythons === null) return minor;
  const suited = pythons.find((offered) => isSuited(offered, ofRequirements.versions)) ?? null;
  return suited === pythons[0] ? null : suited;
}

/** Of a base the minor version is known: it is enough that one of its releases fits. */
function isSuited(minor: string, versions: string): boolean {
  return [`${minor}.0`, `${minor}.99`].some((version) => satisfies(version, versions));
}

function unsuited({ versions, where }: NonNullable<OwnRequirements["python"]>, pythons: readonly string[]): Fault[] {
  if (pythons.some((minor) => isSuited(minor, versions))) return [];
  const message =
    `is for Python ${versions}, and this registry has bases with Python ${pythons.join(" and ")}: ` +
    "have the operator set SLIPWAY_BASE to a base with another one, or change it";
  return [{ where, message }];
}
