import canonicalize from "canonicalize";
import { type Fault, isSlipwayError, SlipwayError } from "#core/errors.ts";
import { checkLabels, checkMetadata } from "#core/models/labels.ts";
import { type Answer, answerOf } from "./answer.ts";
import { buildFaults } from "./build-faults.ts";
import { type Card, cardFile, readCardOf } from "./card/front-matter.ts";
import { expectFaults, readExample } from "./example.ts";
import { findAnswer } from "./find-answer.ts";
import { nothingKnown, type Offers, pythonFaults, pythonMinorFor } from "./offers.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";
import { completeRequirements, ownRequirements, versionNotes } from "./package-requirements.ts";
import type { PackageSpec } from "./package-spec.ts";
import { findPythonMinor } from "./python-version.ts";
import { yamlLimitBytes } from "./read-yaml.ts";
import { contradictions } from "./signature-contradictions.ts";
import { nothingDeclared, readSlipwayYaml, type SlipwayYaml, slipwayYaml } from "./slipway-yaml.ts";
import { type Key, keys } from "./slipway-yaml-keys.ts";

/** What is known of how an own server answers. */
const ownServer: Answer = answerOf("python", null);

/** Labels and metadata as the API was given them. */
export interface GivenWords {
  labels: Record<string, string>;
  metadata: Record<string, unknown>;
}

export interface DescribedPackage extends GivenWords {
  spec: PackageSpec;
  /** What is worth knowing and no fault, each one sentence. */
  notes: string[];
}

/** What a package is and how it is served, told from its bytes; nothing of it is run.
 *  Throws `package_invalid` with every reason that was found. */
export async function describePackage(
  reader: PackageReader,
  given: GivenWords,
  offers: Offers = nothingKnown,
): Promise<DescribedPackage> {
  const { declared, faults, broken } = await readDeclared(reader);
  const found = isBroken(broken, "format", "model", "preprocessor", "predictor")
    ? null
    : await findAnswer(reader, declared);
  const own = await ownRequirements(reader, declared.requirements, found?.answer ?? null);
  const python = await findPythonMinor(reader, declared.python, found?.answer?.python ?? null);
  const example = await readExample(reader, declared.example);
  const card = await readCardOf(reader);
  const labels = joined("labels", declared.labels, given.labels);
  const metadata = joined("metadata", declared.metadata, given.metadata);
  // Whatever an own server answers from is its own to know.
  const servesItself = declared.build === "dockerfile" && declared.serve !== null;
  const answer = found?.answer ?? (servesItself ? ownServer : null);
  faults.push(
    ...(answer === ownServer ? [] : (found?.faults ?? [])),
    ...(isBroken(broken, "build", "serve", "system_packages", "platforms") ? [] : buildFaults(reader, declared)),
    ...own.faults,
    ...python.faults,
    ...(declared.build === "dockerfile" ? [] : pythonFaults(python, own.python, offers)),
    ...(isBroken(broken, "signature") ? [] : contradictions(declared.signature, found?.answer ?? null)),
    ...example.faults,
    ...(example.faults.length > 0 || isBroken(broken, "example", "expect")
      ? []
      : expectFaults(declared.expect, example.example ?? found?.answer?.example ?? null)),
    ...labels.faults,
    ...metadata.faults,
    ...faultsOf("labels", () => checkLabels(declared.labels)),
    ...faultsOf("metadata", () => checkMetadata(declared.metadata)),
  );
  if (faults.length > 0 || answer === null) throw invalid(faults);
  const needs = completeRequirements(own, answer, (name) => name === "torch" && offers.hasTorchIndex);
  return {
    spec: {
      format: answer.format,
      modelFile: answer.modelFile,
      preprocessorFile: answer.preprocessorFile,
      predictor: answer.predictor,
      pythonMinor: pythonMinorFor(python, own.python, offers),
      requirements: needs.requirements,
      // Left out where they say nothing, as what was sealed before has it.
      ...(needs.constraints.length === 0 ? {} : { constraints: needs.constraints }),
      ...(needs.debian === null ? {} : { basePackages: [...needs.debian.packages].sort() }),
      signature: declared.signature ?? answer.signature,
      example: declared.example === null ? answer.example : example.example,
      expect: declared.expect,
      environment: declared.environment,
      platforms: declared.platforms,
      build: declared.build,
      systemPackages: declared.systemPackages,
      serve: declared.serve,
      resources: declared.resources,
      card: card?.frontMatter ?? {},
    },
    labels: labels.value,
    metadata: metadata.value,
    notes: [...answer.notes, ...own.notes, ...versionNotes(own.lines, answer), ...cardNotes(card)],
  };
}

async function readDeclared(reader: PackageReader): Promise<SlipwayYaml> {
  if (!hasFile(reader, slipwayYaml)) {
    const mistaken = reader.files.find(({ path }) => /^slipway\.ya?ml$/i.test(path));
    const faults = mistaken
      ? [{ where: mistaken.path, message: `${mistaken.path} would not be read: call it ${slipwayYaml}` }]
      : [];
    return { declared: nothingDeclared, faults, broken: new Set() };
  }
  const bytes = await readSmall(reader, slipwayYaml, yamlLimitBytes);
  if (bytes !== null) return readSlipwayYaml(bytes);
  const message = `is larger than ${yamlLimitBytes / 1024} KiB: put large documents into files of their own`;
  return { declared: nothingDeclared, faults: [{ where: slipwayYaml, message }], broken: new Set(keys) };
}

function cardNotes(card: Card | null): string[] {
  return card?.fault ? [`${cardFile} is kept and not shown as the model's card: ${card.fault}`] : [];
}

function isBroken(broken: ReadonlySet<Key>, ...keys: Key[]): boolean {
  return keys.some((key) => broken.has(key));
}

/** Both together (precedence 7): the same key may be in both with the same value. */
function joined<T>(
  name: "labels" | "metadata",
  own: Record<string, T>,
  given: Record<string, T>,
): { value: Record<string, T>; faults: Fault[] } {
  const faults = Object.keys(own)
    .filter((key) => Object.hasOwn(given, key) && canonicalize(own[key]) !== canonicalize(given[key]))
    .map((key) => ({
      where: `${slipwayYaml}: ${name}.${key}`,
      message: "was given another value with the version itself: leave one of them out",
    }));
  return { value: Object.fromEntries([...Object.entries(own), ...Object.entries(given)]), faults };
}

/** What a check of another room found wrong in what `slipway.yaml` says. */
function faultsOf(name: "labels" | "metadata", check: () => void): Fault[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    if (error.faults.length === 0) return [{ where: `${slipwayYaml}: ${name}`, message: error.message }];
    return error.faults.map(({ where, message }) => ({ where: `${slipwayYaml}: ${where}`, message }));
  }
}

const mostFaults = 100;

function invalid(found: readonly Fault[]): SlipwayError {
  const [first] = found;
  const more = found.length > 1 ? `, and ${found.length - 1} more` : "";
  const faults = found.slice(0, mostFaults);
  if (found.length > mostFaults)
    faults.push({ where: "package", message: `${found.length - mostFaults} more faults are not listed` });
  return new SlipwayError("package_invalid", `the package cannot be served: ${first && sentence(first)}${more}`, {
    faults,
  });
}

function sentence({ where, message }: Fault): string {
  return message.startsWith(where) ? message : `${where}: ${message}`;
}
