import { exampleIn } from "../example.ts";
import { hasFile, type PackageReader, within } from "../package-reader.ts";
import { isMapping } from "../reading.ts";

/** The input example that was saved with the model, as a request. It is a help, and never a fault. */
export async function mlflowExample(
  reader: PackageReader,
  folder: string,
  info: unknown,
): Promise<{ example: Record<string, unknown> | null; notes: string[] }> {
  const none = { example: null, notes: [] };
  if (!isMapping(info)) return none;
  const { serving_input_path: serving = "serving_input_example.json", artifact_path: saved } = info;
  const path = [serving, saved]
    .filter((name) => typeof name === "string")
    .map((name) => within(folder, name))
    .find((candidate) => hasFile(reader, candidate));
  if (path === undefined) return none;
  const read = await exampleIn(reader, path, requestOf);
  return read.example === null
    ? { example: null, notes: [`the model's input example is not shown: ${read.reason}`] }
    : { example: read.example, notes: [] };
}

/** Of what MLflow writes: `{"dataframe_split": {"columns", "data"}}`, `{"inputs": …}`, or these without a name. */
function requestOf(value: unknown): unknown {
  if (!isMapping(value)) return Array.isArray(value) ? { instances: value } : value;
  const frame = isMapping(value["dataframe_split"]) ? value["dataframe_split"] : value;
  const { columns, data } = frame;
  if (Array.isArray(data)) {
    if (!Array.isArray(columns) || columns.every((name) => typeof name === "number")) return { instances: data };
    const rows = data.filter(Array.isArray) as unknown[][];
    return {
      instances: rows.map((row) => Object.fromEntries(columns.map((name, index) => [String(name), row[index]]))),
    };
  }
  const { inputs, instances } = value;
  if (Array.isArray(inputs)) return { instances: inputs };
  return inputs === undefined && instances === undefined
    ? value
    : { ...(inputs === undefined ? { instances } : { inputs }) };
}
