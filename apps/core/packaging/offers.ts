import type { Fault } from "#core/errors.ts";
import type { WantedPython } from "./python-version.ts";

/** What this instance has for packages to be built on. */
export interface Offers {
  /** The Python of each base, as `3.11`; null where that is not known before the first build. */
  pythons: readonly string[] | null;
  /** Whether the operator has named an index of torch's wheels. */
  hasTorchIndex: boolean;
}

export const nothingKnown: Offers = { pythons: null, hasTorchIndex: false };

/** A package that no base can serve. */
export function pythonFaults({ minor, where }: WantedPython, { pythons }: Offers): Fault[] {
  if (minor === null || pythons === null || pythons.includes(minor)) return [];
  const message =
    `asks for Python ${minor}, and this registry has bases with Python ${pythons.join(" and ")}: ` +
    `say python: "${pythons[0]}" in slipway.yaml if it runs there too, or have the operator add a base with Python ${minor} to SLIPWAY_BASE`;
  return [{ where, message }];
}
