import { didYouMean, nearMisses } from "./near-miss.ts";
import type { Signature, Tensor } from "./package-spec.ts";
import type { YamlPath } from "./read-yaml.ts";
import type { Reading } from "./reading.ts";

/** The types that a request can hold: numpy's by name, and text. */
export const tensorTypes = [
  "bool",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "int8",
  "int16",
  "int32",
  "int64",
  "float16",
  "float32",
  "float64",
  "string",
] as const;

/** What else these types are called. */
const aliases: Record<string, (typeof tensorTypes)[number]> = {
  boolean: "bool",
  int: "int64",
  integer: "int64",
  long: "int64",
  float: "float64",
  double: "float64",
  number: "float64",
  str: "string",
  text: "string",
  object: "string",
};

/** `signature` in `slipway.yaml`: inputs and outputs by name, type and shape. */
export function readSignature(value: unknown, read: Reading): Signature {
  const { inputs = [], outputs = [] } = read.mapping(["signature"], value, ["inputs", "outputs"]);
  return {
    inputs: readTensors(["signature", "inputs"], inputs, read),
    outputs: readTensors(["signature", "outputs"], outputs, read),
  };
}

function readTensors(path: YamlPath, value: unknown, read: Reading): Tensor[] {
  const tensors = read.list(path, value).map((item, index) => readTensor([...path, index], item, read));
  const names = new Set<string>();
  tensors.forEach(({ name }, index) => {
    if (name !== "" && names.has(name)) read.fault([...path, index, "name"], `"${name}" is named twice`);
    names.add(name);
  });
  return tensors;
}

function readTensor(path: YamlPath, value: unknown, read: Reading): Tensor {
  const {
    name,
    type,
    shape = [-1],
    optional = false,
  } = read.mapping(path, value, ["name", "type", "shape", "optional"]);
  if (typeof optional !== "boolean") read.fault([...path, "optional"], "expected true or false");
  return {
    name: name === undefined ? missing(path, "name", read) : (read.text([...path, "name"], name) ?? ""),
    type: type === undefined ? missing(path, "type", read) : readType([...path, "type"], type, read),
    shape: readShape([...path, "shape"], shape, read),
    optional: optional === true,
  };
}

function missing(path: YamlPath, key: string, read: Reading): string {
  read.fault(path, `has no ${key}`);
  return "";
}

function readType(path: YamlPath, value: unknown, read: Reading): string {
  const type = read.text(path, value) ?? "";
  if (type !== "" && !(tensorTypes as readonly string[]).includes(type)) {
    const alias = Object.hasOwn(aliases, type.toLowerCase()) ? aliases[type.toLowerCase()] : undefined;
    const meant = alias === undefined ? nearMisses(type, tensorTypes) : [alias];
    read.fault(path, `"${type}" is no type that is known${didYouMean(meant)}: write one of ${tensorTypes.join(", ")}`);
  }
  return type;
}

function readShape(path: YamlPath, value: unknown, read: Reading): number[] {
  return read.list(path, value).flatMap((size, index) => {
    if (typeof size === "number" && Number.isSafeInteger(size) && size >= -1) return [size];
    read.fault([...path, index], "expected a whole number, or -1 for any size");
    return [];
  });
}
