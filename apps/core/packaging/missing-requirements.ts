import { compare, explain, valid } from "@renovatebot/pep440";
import type { PickleInspection } from "#core/inspect/pickle/pickle-findings.ts";
import { catalogue, type DebianPackages, type Need } from "./catalogue.ts";
import type { Format } from "./package-spec.ts";

/** What a package names itself, by normalised name. */
export interface OwnNames {
  /** On every base: the one version that it pins, or null. */
  pins: ReadonlyMap<string, string | null>;
  /** Where a marker holds. */
  perhaps: readonly string[];
}

/** What the model's bytes say of what it needs. */
export interface SavedBy {
  /** The version of the framework that saved it; null where they say none. */
  version: string | null;
  /** The first version of the framework that no longer reads it. */
  before?: string;
  pickles: readonly PickleInspection[];
}

export interface Missing {
  requirements: string[];
  /** From the base's Debian release, in place of wheels; null where nothing is. */
  debian: DebianPackages | null;
}

/** What a format needs and a package does not name itself. What it names with a marker is asked for by its bare name: it
 *  is there on every base, and no version contradicts the package's. `hasWheels`: whether wheels of a package may take the
 *  place of Debian's. */
export function missingRequirements(
  format: Format,
  own: OwnNames,
  saved: SavedBy,
  hasWheels: (name: string) => boolean,
): Missing {
  const requirements: string[] = [];
  let debian: DebianPackages | null = null;
  for (const need of catalogue[format].needs) {
    const isMet = need.anyOf.some((name) => own.pins.has(name) || debian?.brings.includes(name));
    const marked = own.perhaps.find((name) => need.anyOf.includes(name));
    if (isMet) continue;
    if (marked !== undefined) requirements.push(marked);
    else if (need.fromDebian !== undefined && !need.anyOf.some(hasWheels)) debian = need.fromDebian;
    else requirements.push(wanted(need, saved));
  }
  const ofPickles = [...numpyFor(format, own, requirements), ...packagesOf(saved.pickles)];
  const isNamed = (line: string) => own.pins.has(/^[\w-]+/.exec(line)?.[0] ?? "");
  return { requirements: [...requirements, ...ofPickles.filter((line) => !isNamed(line))], debian };
}

function wanted(need: Need, { version, before }: SavedBy): string {
  const name = /^[\w-]+/.exec(need.default)?.[0] ?? "";
  if (need.saved !== undefined && before !== undefined) return `${need.default},<${before}`;
  if (need.saved === undefined || version === null || !isReleased(version)) return need.default;
  return need.saved === "exact" ? `${name}==${version}` : `${name}>=${version}`;
}

/** Versions that an index has: no development builds, no local ones. */
function isReleased(version: string): boolean {
  const parts = explain(version);
  return parts !== null && !parts.is_devrelease && parts.local === null;
}

/** scikit-learn's wheels before it are made for numpy 1 and do not say so: with numpy 2 they cannot be imported. */
const firstSklearnForNumpy2 = "1.4.2";

function numpyFor(format: Format, { pins }: OwnNames, requirements: readonly string[]): string[] {
  if (format !== "sklearn") return [];
  const version =
    pins.get("scikit-learn") ?? requirements.flatMap((line) => /^scikit-learn==(.+)$/.exec(line)?.[1] ?? [])[0];
  const isForNumpy1 = version != null && valid(version) !== null && compare(version, firstSklearnForNumpy2) < 0;
  return isForNumpy1 ? ["numpy<2"] : [];
}

/** Modules that a pickled estimator may come from, and the packages that bring them, by normalised name. */
const packageOfModule: Record<string, string> = {
  catboost: "catboost",
  category_encoders: "category-encoders",
  imblearn: "imbalanced-learn",
  lightgbm: "lightgbm",
  pandas: "pandas",
  polars: "polars",
  xgboost: "xgboost",
};

/** The packages that unpickling imports, as far as their modules are known here. */
function packagesOf(pickles: readonly PickleInspection[]): string[] {
  const packages = pickles.flatMap(({ globals }) =>
    globals.flatMap(({ module }) => {
      const top = module.split(".", 1)[0] ?? "";
      return Object.hasOwn(packageOfModule, top) ? [packageOfModule[top] as string] : [];
    }),
  );
  // Named columns are a data frame's.
  if (pickles.some(({ hasFeatureNames }) => hasFeatureNames)) packages.push("pandas");
  return [...new Set(packages)];
}
