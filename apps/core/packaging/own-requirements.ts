import type { Fault } from "#core/errors.ts";
import type { RequirementLine } from "./requirements-file.ts";

/** What a package says that it needs, wherever it says it. */
export interface OwnRequirements {
  lines: RequirementLine[];
  /** Versions for what is installed anyway, as pip's `--constraint` has them. */
  constraints: RequirementLine[];
  /** The Pythons that they are for (PEP 440), where they say so. */
  python?: { versions: string; where: string };
  faults: Fault[];
  notes: string[];
}

export const noRequirements: OwnRequirements = { lines: [], constraints: [], faults: [], notes: [] };
