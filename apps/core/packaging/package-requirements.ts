import type { Answer } from "./answer.ts";
import type { DebianPackages } from "./catalogue.ts";
import { readConstraints } from "./constraints.ts";
import { missingRequirements, type OwnNames } from "./missing-requirements.ts";
import { didYouMean, nearPaths } from "./near-miss.ts";
import { noRequirements, type OwnRequirements } from "./own-requirements.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";
import { readProjectDependencies } from "./project-dependencies.ts";
import { parseRequirement } from "./requirement.ts";
import { parseRequirementsFile, type RequirementLine, renderRequirements } from "./requirements-file.ts";

export const requirementsFile = "requirements.txt";
const limitBytes = 1024 * 1024;

/** What the package says that it needs: the file that it names, else `requirements.txt` at its top, else what lies within
 *  the model, else the static dependencies of `pyproject.toml`. */
export async function ownRequirements(
  reader: PackageReader,
  declared: string | null,
  answer: Pick<Answer, "requirements" | "modelFile"> | null,
): Promise<OwnRequirements> {
  if (declared !== null) {
    if (hasFile(reader, declared)) return readRequirements(reader, declared);
    const paths = reader.files.map((file) => file.path).filter((candidate) => candidate.endsWith(".txt"));
    const message = `the package has no ${declared}${didYouMean(nearPaths(declared, paths))}`;
    return { ...noRequirements, faults: [{ where: "slipway.yaml: requirements", message }] };
  }
  // Where the package is the model as a whole, the file at its top is the model's own.
  const ofModel = answer?.requirements ?? null;
  if (hasFile(reader, requirementsFile) && !(answer?.modelFile === "." && ofModel !== null))
    return readRequirements(reader, requirementsFile);
  return ofModel ?? readProjectDependencies(reader);
}

/** A requirements file of the package, with the constraints that it names. */
export async function readRequirements(reader: PackageReader, path: string): Promise<OwnRequirements> {
  const bytes = await readSmall(reader, path, limitBytes);
  if (bytes === null)
    return {
      ...noRequirements,
      faults: [{ where: path, message: `${path} is larger than 1 MiB: is it a requirements file?` }],
    };
  const { requirements, constraintFiles, faults } = parseRequirementsFile(path, bytes);
  const constraints = await readConstraints(reader, path, constraintFiles);
  return { lines: requirements, constraints: constraints.lines, faults: [...faults, ...constraints.faults], notes: [] };
}

export interface Completed {
  requirements: string[];
  constraints: string[];
  debian: DebianPackages | null;
}

/** The package's own lines, and what its format needs besides. */
export function completeRequirements(
  own: OwnRequirements,
  { needsOf, saved }: Pick<Answer, "needsOf" | "saved">,
  hasWheels: (name: string) => boolean,
): Completed {
  const missing = missingRequirements(needsOf, namesOf(own.lines), saved, hasWheels);
  return {
    requirements: renderRequirements([...own.lines, ...missing.requirements.map(lineOf)]),
    constraints: renderRequirements([...own.constraints, ...(missing.debian?.constraints ?? []).map(lineOf)]),
    debian: missing.debian,
  };
}

function lineOf(text: string): RequirementLine {
  const parsed = parseRequirement(text);
  if ("fault" in parsed) throw new Error(`the catalogue asks for "${text}", which ${parsed.fault}`);
  return { ...parsed, hashes: [] };
}

/** A line with a marker may not count on the base that an image gets. */
function namesOf(own: readonly RequirementLine[]): OwnNames {
  const always = own.filter(({ marker }) => marker === null);
  return {
    pins: new Map(always.map((requirement) => [requirement.name, pinOf(requirement)])),
    perhaps: own.filter(({ marker }) => marker !== null).map(({ name }) => name),
  };
}

/** Where the requirements pin another scikit-learn than the one that saved the model, which can fail or answer otherwise. */
export function versionNotes(
  own: readonly RequirementLine[],
  { format, saved }: Pick<Answer, "format" | "saved">,
): string[] {
  const named = own.find(({ name, marker }) => name === "scikit-learn" && marker === null);
  const pin = named === undefined ? null : pinOf(named);
  if (format !== "sklearn" || saved.version === null || pin === null || pin === saved.version) return [];
  return [`the requirements pin scikit-learn ${pin}, and the model was saved by ${saved.version}`];
}

/** The one version that a requirement leaves, or null. */
function pinOf({ specifiers }: RequirementLine): string | null {
  return /^==([^*,]+)$/.exec(specifiers)?.[1] ?? null;
}
