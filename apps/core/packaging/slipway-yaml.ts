import type { Fault } from "#core/errors.ts";
import { formats, isFormat } from "./catalogue.ts";
import { readBuild, readServe, readSystemPackages } from "./declared-build.ts";
import { environmentFault } from "./declared-environment.ts";
import { noResources, readResources } from "./declared-resources.ts";
import { readSignature } from "./declared-signature.ts";
import { keepingFault } from "./keeping-fault.ts";
import { didYouMean, nearMisses } from "./near-miss.ts";
import type { Expect, Format, Resources, Serve, Signature } from "./package-spec.ts";
import { isPlatform, platforms as known, type Platform, runnable } from "./platforms.ts";
import { readYaml, type YamlPath } from "./read-yaml.ts";
import { type Reading, reading } from "./reading.ts";
import { type Key, keys } from "./slipway-yaml-keys.ts";

export const slipwayYaml = "slipway.yaml";

/** What a package says of itself; null and empty where it leaves the default. Paths are not looked up yet. */
export interface Declared {
  format: Format | null;
  model: string | null;
  preprocessor: string | null;
  predictor: { file: string; class: string } | null;
  /** `3.11` */
  python: string | null;
  requirements: string | null;
  signature: Signature | null;
  /** A request, or the path of a JSON file that holds one. */
  example: Record<string, unknown> | string | null;
  /** The predictions that the example has to be answered with. */
  expect: Expect | null;
  environment: Record<string, string>;
  /** Each once, in the order of an index. */
  platforms: Platform[];
  build: "assemble" | "dockerfile";
  systemPackages: string[];
  serve: Serve | null;
  resources: Resources;
  labels: Record<string, string>;
  metadata: Record<string, unknown>;
}

export interface SlipwayYaml {
  declared: Declared;
  faults: Fault[];
  /** Keys that are there but could not be read: what follows from them is not known. */
  broken: ReadonlySet<Key>;
}

export const nothingDeclared: Declared = {
  format: null,
  model: null,
  preprocessor: null,
  predictor: null,
  python: null,
  requirements: null,
  signature: null,
  example: null,
  expect: null,
  environment: {},
  platforms: [runnable],
  build: "assemble",
  systemPackages: [],
  serve: null,
  resources: noResources,
  labels: {},
  metadata: {},
};

/** Reads `slipway.yaml`, schema 1, strictly: a key it does not know is a fault. */
export function readSlipwayYaml(bytes: Buffer): SlipwayYaml {
  const { file, faults: yamlFaults } = readYaml(bytes);
  const faults = yamlFaults.map(({ path, line, message }) => faultAt(path, line, message));
  if (file === null) return { declared: nothingDeclared, faults, broken: new Set(keys) };
  const broken = new Set(yamlFaults.flatMap(({ path }) => (isKey(path[0]) ? [path[0]] : [])));
  const read = reading(file, (path, message) => {
    if (faults.length < mostFaults) faults.push(faultAt(path, file.lineOf(path), message));
    if (isKey(path[0])) broken.add(path[0]);
  });
  return { declared: readKeys(file.value, read), faults, broken };
}

/** A file with more is wrong as a whole; finding the line of each would take long. */
const mostFaults = 50;
const longestMessage = 400;

function isKey(name: unknown): name is Key {
  return (keys as readonly unknown[]).includes(name);
}

/** `slipway.yaml: signature.inputs[0].type` */
function faultAt(path: YamlPath, line: number | null, text: string): Fault {
  const message = text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
  const key = path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
  return {
    where: key === "" ? slipwayYaml : `${slipwayYaml}: ${key}`,
    message: line === null ? message : `${message} (line ${line})`,
  };
}

function readKeys(value: unknown, read: Reading): Declared {
  const declared: Declared = { ...nothingDeclared };
  if (value === null) return declared;
  for (const [key, given] of Object.entries(read.mapping([], value, keys)))
    if (isKey(key)) readers[key](given, declared, read);
  return declared;
}

type KeyReader = (value: unknown, declared: Declared, read: Reading) => void;

const readers: Record<Key, KeyReader> = {
  schema(value, _declared, read) {
    if (value !== 1) read.fault(["schema"], "this Slipway reads schema 1: write schema: 1, or leave it out");
  },
  format(value, declared, read) {
    const name = read.text(["format"], value);
    if (name === null) return;
    if (isFormat(name)) declared.format = name;
    else
      read.fault(
        ["format"],
        `"${name}" is no format that is known${didYouMean(nearMisses(name, formats))}: write one of ${formats.join(", ")}`,
      );
  },
  model(value, declared, read) {
    declared.model = readPath("model", value, read);
  },
  preprocessor(value, declared, read) {
    declared.preprocessor = readPath("preprocessor", value, read);
  },
  predictor(value, declared, read) {
    const text = read.text(["predictor"], value);
    if (text === null) return;
    const match = /^(.+\.py)(?::([\p{L}_][\p{L}\p{N}_]*))?$/u.exec(withoutDot(text));
    if (match?.[1] === undefined)
      return read.fault(["predictor"], `"${text}" names no class: write src/predictor.py:Predictor`);
    declared.predictor = { file: match[1], class: match[2] ?? "Predictor" };
  },
  python(value, declared, read) {
    const text = read.text(["python"], value);
    if (text === null) return;
    if (/^3\.\d{1,2}$/.test(text)) declared.python = text;
    else read.fault(["python"], `"${text}" is no minor version of Python 3: write it like "3.11"`);
  },
  requirements(value, declared, read) {
    declared.requirements = readPath("requirements", value, read);
  },
  build(value, declared, read) {
    declared.build = readBuild(value, read);
  },
  system_packages(value, declared, read) {
    declared.systemPackages = readSystemPackages(value, read);
  },
  serve(value, declared, read) {
    declared.serve = readServe(value, read);
  },
  signature(value, declared, read) {
    declared.signature = readSignature(value, read);
    const unkept = keepingFault(declared.signature);
    if (unkept !== null) read.fault(["signature"], `cannot be kept: ${unkept}`);
  },
  example(value, declared, read) {
    if (typeof value === "string" && value !== "") declared.example = withoutDot(value);
    else declared.example = read.mapping(["example"], value);
  },
  expect(value, declared, read) {
    const { predictions } = read.mapping(["expect"], value, ["predictions"]);
    if (predictions === undefined) return read.fault(["expect"], "has no predictions: write {predictions: [...]}");
    const expect = { predictions: read.list(["expect", "predictions"], predictions) };
    const unkept = keepingFault(expect);
    if (unkept !== null) return read.fault(["expect"], `cannot be kept: ${unkept}`);
    declared.expect = expect;
  },
  environment(value, declared, read) {
    declared.environment = readTexts("environment", value, read);
    for (const [name, text] of Object.entries(declared.environment)) {
      const fault = environmentFault(name, text);
      if (fault !== null) read.fault(["environment", name], fault);
    }
  },
  platforms(value, declared, read) {
    const platforms = read.list(["platforms"], value);
    if (platforms.length === 0)
      read.fault(["platforms"], "names no platform: write [linux/amd64], or leave the key out");
    platforms.forEach((platform, index) => {
      if (isPlatform(platform)) return;
      const text = read.text(["platforms", index], platform);
      if (text === null) return;
      const isOther = /^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9]+)?$/.test(text);
      read.fault(
        ["platforms", index],
        isOther
          ? `images are made for ${known.join(" and ")}, not for ${text}`
          : `"${text}" is no platform: write it like linux/amd64`,
      );
    });
    declared.platforms = known.filter((platform) => platforms.includes(platform));
  },
  resources(value, declared, read) {
    declared.resources = readResources(value, read);
  },
  labels(value, declared, read) {
    declared.labels = readTexts("labels", value, read);
  },
  metadata(value, declared, read) {
    declared.metadata = read.mapping(["metadata"], value);
  },
};

function readPath(key: Key, value: unknown, read: Reading): string | null {
  const text = read.text([key], value);
  return text === null ? null : withoutDot(text);
}

/** `./model/` is written for `model`. */
function withoutDot(path: string): string {
  return path.replace(/^(?:\.\/)+/, "").replace(/\/+$/, "");
}

function readTexts(key: Key, value: unknown, read: Reading): Record<string, string> {
  const texts = Object.entries(read.mapping([key], value)).flatMap(([name, given]): [string, string][] => {
    const text = given === "" ? "" : read.text([key, name], given);
    return text === null ? [] : [[name, text]];
  });
  return Object.fromEntries(texts);
}
