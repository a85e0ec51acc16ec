import { Unreadable } from "../unreadable.ts";
import type { SymbolicGlobal, SymbolicValue } from "./symbolic-value.ts";

const mostGlobals = 10_000;

/** A name that unpickling would import. */
export interface PickleGlobal {
  module: string;
  name: string;
}

/** What a pickle says of itself. */
export interface PickleInspection {
  /** Every name that unpickling would import, as written, in order of first use. */
  globals: readonly PickleGlobal[];
  /** Imports whose name is computed, so that no one can tell it without running the pickle. */
  unresolvedGlobals: number;
  /** What is at the top: an object by its class, or `dict`, `list`, `tuple`, … */
  root:
    | { kind: "object"; type: PickleGlobal | null }
    | { kind: "dict" | "list" | "tuple" | "text" | "number" | "global" | "other" };
  /** scikit-learn's own version in the outermost estimator, as `BaseEstimator.__getstate__` writes it. */
  sklearnVersion: string | null;
  /** True where an estimator was fitted on named columns, that is on a data frame. */
  hasFeatureNames: boolean;
}

/** What a scan has found so far. */
export interface Findings {
  importGlobal(module: string, name: string): void;
  unresolvedGlobal(): void;
  /** A dict has got `key`. */
  entry(key: string, value: SymbolicValue): void;
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  readonly unresolvedGlobals: number;
  readonly sklearnVersion: string | null;
  readonly hasFeatureNames: boolean;
}

export function newFindings(): Findings {
  const globals = new Map<string, PickleGlobal>();
  const found = { unresolvedGlobals: 0, sklearnVersion: null as string | null, hasFeatureNames: false };
  return {
    globals,
    get unresolvedGlobals() {
      return found.unresolvedGlobals;
    },
    get sklearnVersion() {
      return found.sklearnVersion;
    },
    get hasFeatureNames() {
      return found.hasFeatureNames;
    },
    importGlobal(module, name) {
      globals.set(`${module} ${name}`, { module, name });
      if (globals.size > mostGlobals)
        throw new Unreadable(`imports more than ${mostGlobals} names, too many to inspect`);
    },
    unresolvedGlobal() {
      found.unresolvedGlobals += 1;
    },
    entry(key, value) {
      // States are complete from the inside out, so the outermost estimator's version comes last.
      if (key === "_sklearn_version" && value.kind === "text") found.sklearnVersion = value.text;
      if (key === "feature_names_in_") found.hasFeatureNames = true;
    },
  };
}

export function summarise(findings: Findings, root: SymbolicValue): PickleInspection {
  return {
    globals: [...findings.globals.values()],
    unresolvedGlobals: findings.unresolvedGlobals,
    root: root.kind === "object" ? { kind: "object", type: root.type && nameOf(root.type) } : { kind: root.kind },
    sklearnVersion: findings.sklearnVersion,
    hasFeatureNames: findings.hasFeatureNames,
  };
}

function nameOf({ module, name }: SymbolicGlobal): PickleGlobal {
  return { module, name };
}
