/**
 * What an ONNX file says of itself, read without its weights. The fields used (onnx/onnx.proto):
 *
 *     ModelProto   ir_version 1 · producer_name 2 · graph 7 · opset_import 8
 *     GraphProto   initializer 5 · input 11 · output 12
 *     TensorProto  name 8 · external_data 13       OperatorSetIdProto  domain 1 · version 2
 */
import type { ByteSource } from "../byte-source.ts";
import { type ProtobufReader, protobufReader, type Span } from "../protobuf-reader.ts";
import { Unreadable } from "../unreadable.ts";
import { type OnnxValue, readValue } from "./value-type.ts";

export interface OnnxInspection {
  irVersion: number;
  producer: string;
  /** The domain of ONNX's own operators is "". */
  opsets: { domain: string; version: number }[];
  /** What has to be given: inputs with a value of their own (initializers) are left out, as onnxruntime does. */
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  /** Files beside the model that hold weights, as it names them. */
  externalFiles: string[];
}

/** What is kept of a file is bounded by these. */
const mostValues = 10_000;
const mostInitializers = 200_000;
const mostOpsets = 1_000;

/** Throws `Unreadable` where the bytes are no complete model. */
export async function readOnnx(file: ByteSource): Promise<OnnxInspection> {
  const protobuf = protobufReader(file);
  const model: OnnxInspection = { irVersion: 0, producer: "", opsets: [], inputs: [], outputs: [], externalFiles: [] };
  let hasGraph = false;
  await protobuf.fields({ start: 0, end: file.sizeBytes }, async (field) => {
    if (field.number === 1 && "value" in field) model.irVersion = Number(field.value);
    if (field.number === 2 && "span" in field) model.producer = await protobuf.text(field.span);
    if (field.number === 7 && "span" in field) {
      hasGraph = true;
      Object.assign(model, await readGraph(protobuf, field.span));
    }
    if (field.number === 8 && "span" in field) model.opsets.push(await readOpset(protobuf, field.span));
    if (model.opsets.length > mostOpsets)
      throw new Unreadable(`imports more than ${mostOpsets} operator sets, too many to inspect`);
  });
  if (model.opsets.length === 0)
    throw new Unreadable("is an ONNX file that names no operator set: is the upload complete?");
  if (!hasGraph) throw new Unreadable("is an ONNX file without a graph: nothing in it computes");
  return model;
}

async function readGraph(
  protobuf: ProtobufReader,
  graph: Span,
): Promise<Pick<OnnxInspection, "inputs" | "outputs" | "externalFiles">> {
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const initialized = new Set<string>();
  const externalFiles = new Set<string>();
  await protobuf.fields(graph, async (field) => {
    if (!("span" in field)) return;
    if (field.number === 5) {
      const tensor = await readInitializer(protobuf, field.span);
      initialized.add(tensor.name);
      if (tensor.externalFile !== null) externalFiles.add(tensor.externalFile);
    }
    if (field.number === 11) inputs.push(await readValue(protobuf, field.span));
    if (field.number === 12) outputs.push(await readValue(protobuf, field.span));
    if (inputs.length + outputs.length > mostValues || initialized.size > mostInitializers)
      throw new Unreadable("has too many inputs, outputs or weights to inspect");
  });
  return { inputs: inputs.filter(({ name }) => !initialized.has(name)), outputs, externalFiles: [...externalFiles] };
}

async function readInitializer(
  protobuf: ProtobufReader,
  tensor: Span,
): Promise<{ name: string; externalFile: string | null }> {
  let name = "";
  let externalFile: string | null = null;
  await protobuf.fields(tensor, async (field) => {
    if (!("span" in field)) return;
    if (field.number === 8) name = await protobuf.text(field.span);
    if (field.number === 13) {
      const [key, value] = await readEntry(protobuf, field.span);
      if (key === "location") externalFile = value;
    }
  });
  return { name, externalFile };
}

/** StringStringEntryProto: key 1, value 2. */
async function readEntry(protobuf: ProtobufReader, entry: Span): Promise<[string, string]> {
  const texts: [string, string] = ["", ""];
  await protobuf.fields(entry, async (field) => {
    if ((field.number === 1 || field.number === 2) && "span" in field)
      texts[field.number - 1] = await protobuf.text(field.span);
  });
  return texts;
}

async function readOpset(protobuf: ProtobufReader, opset: Span): Promise<{ domain: string; version: number }> {
  const found = { domain: "", version: 0 };
  await protobuf.fields(opset, async (field) => {
    if (field.number === 1 && "span" in field) found.domain = await protobuf.text(field.span);
    if (field.number === 2 && "value" in field) found.version = Number(field.value);
  });
  return found;
}
