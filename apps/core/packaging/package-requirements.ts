import type { Fault } from "#core/errors.ts";
import type { PickleInspection } from "#core/inspect/pickle/pickle-findings.ts";
import { missingRequirements, type OwnNames } from "./catalogue.ts";
import { didYouMean, nearPaths } from "./near-miss.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";
import type { Format } from "./package-spec.ts";
import { parseRequirement } from "./requirement.ts";
import { parseRequirementsFile, type RequirementLine, renderRequirements } from "./requirements-file.ts";

const conventional = "requirements.txt";
const limitBytes = 1024 * 1024;

/** The package's requirements file, if it has one. */
export async function readRequirements(
  reader: PackageReader,
  declared: string | null,
): Promise<{ requirements: RequirementLine[]; faults: Fault[] }> {
  const path = declared ?? conventional;
  if (!hasFile(reader, path)) {
    if (declared === null) return { requirements: [], faults: [] };
    const paths = reader.files.map((file) => file.path).filter((candidate) => candidate.endsWith(".txt"));
    return {
      requirements: [],
      faults: [
        {
          where: "slipway.yaml: requirements",
          message: `the package has no ${path}${didYouMean(nearPaths(path, paths))}`,
        },
      ],
    };
  }
  const bytes = await readSmall(reader, path, limitBytes);
  if (bytes === null)
    return {
      requirements: [],
      faults: [{ where: path, message: `${path} is larger than 1 MiB: is it a requirements file?` }],
    };
  return parseRequirementsFile(path, bytes);
}

/** The package's own lines, and what its format needs besides. */
export function completeRequirements(
  own: readonly RequirementLine[],
  format: Format,
  pickles: readonly PickleInspection[],
): string[] {
  const added = missingRequirements(format, namesOf(own), pickles).map((text): RequirementLine => {
    const parsed = parseRequirement(text);
    if ("fault" in parsed) throw new Error(`the catalogue asks for "${text}", which ${parsed.fault}`);
    return { ...parsed, hashes: [] };
  });
  return renderRequirements([...own, ...added]);
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
export function versionNotes(own: readonly RequirementLine[], pickles: readonly PickleInspection[]): string[] {
  const saved = pickles.find(({ sklearnVersion }) => sklearnVersion !== null)?.sklearnVersion;
  const named = own.find(({ name, marker }) => name === "scikit-learn" && marker === null);
  const pin = named === undefined ? null : pinOf(named);
  if (saved == null || pin === null || pin === saved) return [];
  return [`the requirements pin scikit-learn ${pin}, and the model was saved by ${saved}`];
}

/** The one version that a requirement leaves, or null. */
function pinOf({ specifiers }: RequirementLine): string | null {
  return /^==([^*,]+)$/.exec(specifiers)?.[1] ?? null;
}
