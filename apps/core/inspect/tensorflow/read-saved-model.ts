/**
 * What a `saved_model.pb` says of itself, read without its graph. The fields used (tensorflow/core/protobuf:
 * saved_model.proto, meta_graph.proto; tensorflow/core/framework: tensor_shape.proto, types.proto):
 *
 *     SavedModel    meta_graphs 2
 *     MetaGraphDef  meta_info_def 1 (tags 4, tensorflow_version 5) · saver_def 3 · signature_def 5, a map
 *     SignatureDef  inputs 1, outputs 2: maps from name to TensorInfo (dtype 2, tensor_shape 3)
 *     map entry     key 1 · value 2        TensorShapeProto  dim 2 (size 1) · unknown_rank 3
 */
import type { ByteSource } from "../byte-source.ts";
import type { ModelSignature, ModelTensor } from "../model-tensor.ts";
import { type ProtobufReader, protobufReader, type Span } from "../protobuf-reader.ts";
import { Unreadable } from "../unreadable.ts";

export interface SavedModelInspection {
  /** Of the TensorFlow that saved it. */
  version: string | null;
  /** Of `serving_default`, else of the only one. */
  signature: ModelSignature;
  /** Whether it keeps weights beside the graph, in `variables/`. */
  hasVariables: boolean;
}

/** DataType by number. What numpy has not is called as TensorFlow calls it. */
const types: Record<number, string> = {
  1: "float32",
  2: "float64",
  3: "int32",
  4: "uint8",
  5: "int16",
  6: "int8",
  7: "string",
  8: "complex64",
  9: "int64",
  10: "bool",
  14: "bfloat16",
  17: "uint16",
  18: "complex128",
  19: "float16",
  22: "uint32",
  23: "uint64",
};

const served = "serving_default";
const mostGraphs = 100;
const mostSignatures = 1_000;
const mostTensors = 10_000;
const mostDimensions = 64;

interface Graph {
  tags: string[];
  version: string | null;
  hasVariables: boolean;
  signatures: Map<string, Span>;
}

/** Throws `Unreadable` where the bytes are no complete model, or one that is not for serving. */
export async function readSavedModel(file: ByteSource): Promise<SavedModelInspection> {
  const protobuf = protobufReader(file);
  const graphs: Graph[] = [];
  await protobuf.fields({ start: 0, end: file.sizeBytes }, async (field) => {
    if (field.number === 2 && "span" in field) graphs.push(await readGraph(protobuf, field.span));
    if (graphs.length > mostGraphs) throw new Unreadable(`holds more than ${mostGraphs} graphs, too many to inspect`);
  });
  const graph = graphs.find(({ tags }) => tags.includes("serve"));
  if (graph === undefined)
    throw new Unreadable(
      graphs.length === 0
        ? "holds no graph: is the upload complete?"
        : "holds no graph with the tag serve: save the model with tf.saved_model.save or model.export",
    );
  const { version, hasVariables, signatures } = graph;
  // TensorFlow's own begin with two underscores.
  const others = [...signatures.keys()].filter((name) => !name.startsWith("__"));
  const span = signatures.get(served) ?? (others.length === 1 ? signatures.get(others[0] ?? "") : undefined);
  if (span === undefined) {
    const has =
      others.length === 0 ? "has no signature" : `has the signatures ${others.slice(0, 5).join(", ")} and no ${served}`;
    throw new Unreadable(`${has}, so nothing says what it takes: save it with signatures={"${served}": …}`);
  }
  return { version, hasVariables, signature: await readSignature(protobuf, span) };
}

async function readGraph(protobuf: ProtobufReader, message: Span): Promise<Graph> {
  const graph: Graph = { tags: [], version: null, hasVariables: false, signatures: new Map() };
  await protobuf.fields(message, async (field) => {
    if (!("span" in field)) return;
    if (field.number === 1) Object.assign(graph, await readInfo(protobuf, field.span));
    if (field.number === 3) graph.hasVariables = true;
    if (field.number === 5) {
      const { key, value } = await readEntry(protobuf, field.span);
      if (value !== null) graph.signatures.set(key, value);
      if (graph.signatures.size > mostSignatures)
        throw new Unreadable(`has more than ${mostSignatures} signatures, too many to inspect`);
    }
  });
  return graph;
}

async function readInfo(protobuf: ProtobufReader, message: Span): Promise<Pick<Graph, "tags" | "version">> {
  const info: Pick<Graph, "tags" | "version"> = { tags: [], version: null };
  await protobuf.fields(message, async (field) => {
    if (field.number === 4 && "span" in field && info.tags.length < 100)
      info.tags.push(await protobuf.text(field.span));
    if (field.number === 5 && "span" in field) info.version = await protobuf.text(field.span);
  });
  return info;
}

async function readEntry(protobuf: ProtobufReader, message: Span): Promise<{ key: string; value: Span | null }> {
  const entry: { key: string; value: Span | null } = { key: "", value: null };
  await protobuf.fields(message, async (field) => {
    if (field.number === 1 && "span" in field) entry.key = await protobuf.text(field.span);
    if (field.number === 2 && "span" in field) entry.value = field.span;
  });
  return entry;
}

/** Inputs and outputs in the order of their names: a map has none of its own. */
async function readSignature(protobuf: ProtobufReader, message: Span): Promise<ModelSignature> {
  const signature: ModelSignature = { inputs: [], outputs: [] };
  await protobuf.fields(message, async (field) => {
    if (!("span" in field) || (field.number !== 1 && field.number !== 2)) return;
    const { key, value } = await readEntry(protobuf, field.span);
    const tensor = { name: key, ...(value === null ? unknown : await readTensor(protobuf, value)) };
    signature[field.number === 1 ? "inputs" : "outputs"].push(tensor);
    if (signature.inputs.length + signature.outputs.length > mostTensors)
      throw new Unreadable("has too many inputs and outputs to inspect");
  });
  for (const tensors of [signature.inputs, signature.outputs]) tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
  return signature;
}

type TensorInfo = Pick<ModelTensor, "type" | "shape">;

const unknown: TensorInfo = { type: "unknown", shape: [] };

async function readTensor(protobuf: ProtobufReader, message: Span): Promise<TensorInfo> {
  const tensor: TensorInfo = { type: "unknown", shape: [] };
  await protobuf.fields(message, async (field) => {
    // From 100 on: the same type by reference.
    if (field.number === 2 && "value" in field) tensor.type = types[Number(field.value) % 100] ?? `type${field.value}`;
    if (field.number === 3 && "span" in field) tensor.shape = await readShape(protobuf, field.span);
  });
  return tensor;
}

async function readShape(protobuf: ProtobufReader, message: Span): Promise<number[]> {
  const shape: number[] = [];
  await protobuf.fields(message, async (field) => {
    if (field.number !== 2 || !("span" in field)) return;
    let size = 0;
    await protobuf.fields(field.span, (dimension) => {
      if (dimension.number === 1 && "value" in dimension) size = Number(BigInt.asIntN(64, dimension.value));
    });
    shape.push(size < 0 ? -1 : size);
    if (shape.length > mostDimensions) throw new Unreadable(`has a tensor of more than ${mostDimensions} dimensions`);
  });
  return shape;
}
