import type { ProtobufReader, Span } from "../protobuf-reader.ts";
import { Unreadable } from "../unreadable.ts";

/** An input or output of a graph. */
export interface OnnxValue {
  name: string;
  /** A numpy type name, `string`, or ONNX's own name for what numpy has not (`bfloat16`). What is no tensor is
   *  written as onnxruntime writes it: `seq(map(int64,tensor(float32)))`. */
  type: string;
  /** `-1` is a dimension of any size. Empty for a scalar, and for a shape that the file does not say. */
  shape: number[];
}

/** TensorProto.DataType by number (onnx/onnx.proto). */
const elementTypes: readonly (string | undefined)[] = [
  undefined,
  "float32",
  "uint8",
  "int8",
  "uint16",
  "int16",
  "int32",
  "int64",
  "string",
  "bool",
  "float16",
  "float64",
  "uint32",
  "uint64",
  "complex64",
  "complex128",
  "bfloat16",
  "float8e4m3fn",
  "float8e4m3fnuz",
  "float8e5m2",
  "float8e5m2fnuz",
  "uint4",
  "int4",
  "float4e2m1",
];

const deepestType = 8;
const mostDimensions = 64;

/** Reads a ValueInfoProto: name 1, type 2. */
export async function readValue(protobuf: ProtobufReader, message: Span): Promise<OnnxValue> {
  const value: OnnxValue = { name: "", type: "unknown", shape: [] };
  await protobuf.fields(message, async (field) => {
    if (!("span" in field)) return;
    if (field.number === 1) value.name = await protobuf.text(field.span);
    if (field.number === 2) Object.assign(value, await readType(protobuf, field.span, 0));
  });
  return value;
}

type ValueType = Pick<OnnxValue, "type" | "shape">;

/** Reads a TypeProto: tensor 1, sequence 4, map 5, sparse tensor 8, optional 9. */
async function readType(protobuf: ProtobufReader, message: Span, depth: number): Promise<ValueType> {
  if (depth > deepestType) throw new Unreadable(`nests types deeper than ${deepestType} levels`);
  let found: ValueType = { type: "unknown", shape: [] };
  await protobuf.fields(message, async (field) => {
    if (!("span" in field)) return;
    if (field.number === 1) found = await readTensorType(protobuf, field.span);
    if (field.number === 4) found = { type: `seq(${await readElement(protobuf, field.span, depth)})`, shape: [-1] };
    if (field.number === 5) found = { type: await readMap(protobuf, field.span, depth), shape: [] };
    if (field.number === 8) found = { ...(await readTensorType(protobuf, field.span)), type: "sparse_tensor" };
    if (field.number === 9) found = { type: `optional(${await readElement(protobuf, field.span, depth)})`, shape: [] };
  });
  return found;
}

/** TypeProto.Tensor: element type 1, shape 2; TensorShapeProto: dimensions 1. */
async function readTensorType(protobuf: ProtobufReader, message: Span): Promise<ValueType> {
  const tensor: ValueType = { type: "unknown", shape: [] };
  await protobuf.fields(message, async (field) => {
    if (field.number === 1 && "value" in field) tensor.type = elementType(field.value);
    if (field.number === 2 && "span" in field)
      await protobuf.fields(field.span, async (dimension) => {
        if (dimension.number === 1 && "span" in dimension)
          tensor.shape.push(await readDimension(protobuf, dimension.span));
        if (tensor.shape.length > mostDimensions)
          throw new Unreadable(`has a tensor of more than ${mostDimensions} dimensions`);
      });
  });
  return tensor;
}

/** TensorShapeProto.Dimension: a value 1, or a name 2 for any size. */
async function readDimension(protobuf: ProtobufReader, message: Span): Promise<number> {
  let size = -1;
  await protobuf.fields(message, (field) => {
    if (field.number === 1 && "value" in field) size = Number(BigInt.asIntN(64, field.value));
  });
  return size < 0 ? -1 : size;
}

/** TypeProto.Sequence and TypeProto.Optional: element type 1. */
async function readElement(protobuf: ProtobufReader, message: Span, depth: number): Promise<string> {
  let element = "unknown";
  await protobuf.fields(message, async (field) => {
    if (field.number === 1 && "span" in field) element = await nestedName(protobuf, field.span, depth);
  });
  return element;
}

/** TypeProto.Map: key type 1, value type 2. */
async function readMap(protobuf: ProtobufReader, message: Span, depth: number): Promise<string> {
  let key = "unknown";
  let value = "unknown";
  await protobuf.fields(message, async (field) => {
    if (field.number === 1 && "value" in field) key = elementType(field.value);
    if (field.number === 2 && "span" in field) value = await nestedName(protobuf, field.span, depth);
  });
  return `map(${key},${value})`;
}

async function nestedName(protobuf: ProtobufReader, message: Span, depth: number): Promise<string> {
  const { type } = await readType(protobuf, message, depth + 1);
  return type.includes("(") ? type : `tensor(${type})`;
}

function elementType(number: bigint): string {
  return elementTypes[Number(number)] ?? `type${number}`;
}
