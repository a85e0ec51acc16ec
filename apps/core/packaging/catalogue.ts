/**
 * What is served, by format: which file it answers from, and what it needs to run.
 *
 * Versions come from the package's requirements first, then from what the file says, then from here
 * (docs: `slipway.yaml`, precedence 5).
 */
import { compare, explain, valid } from "@renovatebot/pep440";
import type { FileFormat } from "#core/inspect/file-format.ts";
import type { PickleInspection } from "#core/inspect/pickle/pickle-findings.ts";
import type { Format } from "./package-spec.ts";

interface CatalogueEntry {
  /** What its model file is, by the bytes; null where no model file answers. */
  file: FileFormat | null;
  /** Packages that bring the framework: one of them in the requirements is enough. */
  frameworks: readonly string[];
  /** What is asked for where neither the requirements nor the file say it. */
  default: readonly string[];
}

export const catalogue: Record<Format, CatalogueEntry> = {
  sklearn: { file: "pickle", frameworks: ["scikit-learn", "scikit-learn-intelex"], default: ["scikit-learn>=1.5"] },
  onnx: {
    file: "onnx",
    frameworks: ["onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino"],
    default: ["onnxruntime>=1.20"],
  },
  python: { file: null, frameworks: [], default: [] },
};

/** The format that serves a model file of these bytes; null where no runtime does. */
export function servedFormat(file: FileFormat): Format | null {
  const entry = Object.entries(catalogue).find(([, { file: served }]) => served === file);
  return entry === undefined ? null : (entry[0] as Format);
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

/** scikit-learn's wheels before it are made for numpy 1 and do not say so: with numpy 2 they cannot be imported. */
const firstSklearnForNumpy2 = "1.4.2";

/** What a package names itself, by normalised name. */
export interface OwnNames {
  /** On every base: the one version that it pins, or null. */
  pins: ReadonlyMap<string, string | null>;
  /** Where a marker holds. */
  perhaps: readonly string[];
}

/** The requirements of a format that a package does not name itself. A framework that it names with a marker is asked
 *  for by its bare name: it is there on every base, and no version contradicts the package's. */
export function missingRequirements(
  format: Format,
  { pins: own, perhaps }: OwnNames,
  pickles: readonly PickleInspection[],
): string[] {
  const { frameworks, default: defaults } = catalogue[format];
  const isNamed = frameworks.length === 0 || frameworks.some((name) => own.has(name));
  const missing = (names: readonly string[]) => names.filter((name) => !own.has(name));
  const marked = perhaps.find((name) => frameworks.includes(name));
  if (format !== "sklearn")
    return [
      ...(isNamed ? [] : marked === undefined ? defaults : [marked]),
      ...(format === "onnx" ? missing(["numpy"]) : []),
    ];

  const saved = pickles.flatMap(({ sklearnVersion }) => sklearnVersion ?? []).find(isReleased);
  const usual = saved === undefined ? defaults : [`scikit-learn==${saved}`];
  const added = isNamed ? [] : marked === undefined ? usual : [marked];
  const version = isNamed ? own.get("scikit-learn") : marked === undefined ? saved : null;
  const isForNumpy1 = version != null && valid(version) !== null && compare(version, firstSklearnForNumpy2) < 0;
  return [...added, ...(isForNumpy1 && !own.has("numpy") ? ["numpy<2"] : []), ...missing(packagesOf(pickles))];
}

/** Versions that an index has: no development builds, no local ones. */
function isReleased(version: string): boolean {
  const parts = explain(version);
  return parts !== null && !parts.is_devrelease && parts.local === null;
}

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
