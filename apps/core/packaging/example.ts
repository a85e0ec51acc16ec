import type { Fault } from "#core/errors.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import { keepingFault } from "./keeping-fault.ts";
import { didYouMean, nearMisses, nearPaths } from "./near-miss.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";
import type { Expect } from "./package-spec.ts";
import { isMapping } from "./reading.ts";

const limitBytes = 1024 * 1024;

/** The example request, written out or in a JSON file of the package: `{"instances": […]}` or `{"inputs": {…}}`. */
export async function readExample(
  reader: PackageReader,
  declared: Record<string, unknown> | string | null,
): Promise<{ example: Record<string, unknown> | null; faults: Fault[] }> {
  if (declared === null) return { example: null, faults: [] };
  const where = typeof declared === "string" ? declared : "slipway.yaml: example";
  const read = typeof declared === "string" ? await readFile(reader, declared) : { value: declared };
  if ("fault" in read) return { example: null, faults: [read.fault] };
  const message = requestFault(read.value);
  return message === null
    ? { example: read.value as Record<string, unknown>, faults: [] }
    : { example: null, faults: [{ where, message }] };
}

async function readFile(reader: PackageReader, path: string): Promise<{ value: unknown } | { fault: Fault }> {
  if (!hasFile(reader, path)) {
    const paths = reader.files.map((file) => file.path).filter((candidate) => candidate.endsWith(".json"));
    return {
      fault: {
        where: "slipway.yaml: example",
        message: `the package has no ${path}${didYouMean(nearPaths(path, paths))}`,
      },
    };
  }
  const bytes = await readSmall(reader, path, limitBytes);
  if (bytes === null)
    return { fault: { where: path, message: `${path} is larger than 1 MiB, too large for an example` } };
  const text = decodeUtf8(bytes);
  if (text === null) return { fault: { where: path, message: `${path} is not UTF-8 text` } };
  try {
    const value: unknown = JSON.parse(text);
    const message = numberFault(text);
    return message === null ? { value } : { fault: { where: path, message } };
  } catch {
    return { fault: { where: path, message: `${path} is no JSON` } };
  }
}

/** A file of the package that holds an example in another form, by what `toRequest` makes of it; else why it is none. */
export async function exampleIn(
  reader: PackageReader,
  path: string,
  toRequest: (value: unknown) => unknown,
): Promise<{ example: Record<string, unknown> } | { example: null; reason: string }> {
  const read = await readFile(reader, path);
  if ("fault" in read) return { example: null, reason: read.fault.message };
  const request = toRequest(read.value);
  const reason = requestFault(request);
  return reason === null ? { example: request as Record<string, unknown> } : { example: null, reason };
}

/** A number that parsing `json` changes, as readYaml refuses it. Only the text tells 2^53 + 1 from 9.007199254740992e15. */
function numberFault(json: string): string | null {
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g)) {
    if (token.startsWith('"')) continue;
    const shown = token.length > 40 ? `${token.slice(0, 40)}…` : token;
    if (!Number.isFinite(Number(token)))
      return `${shown} is too large for a number: leave it out, or write it in quotes`;
    if (/^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)))
      return `${shown} is a number beyond 2^53, which would be rounded: write it in quotes`;
  }
  return null;
}

function requestFault(value: unknown): string | null {
  const unkept = keepingFault(value);
  if (unkept !== null) return `the example cannot be kept: ${unkept}`;
  if (!isMapping(value)) return 'an example is a request: {"instances": [...]} or {"inputs": {...}}';
  const unknown = Object.keys(value).find((key) => key !== "instances" && key !== "inputs");
  if (unknown !== undefined)
    return `"${unknown}" is no key of a request${didYouMean(nearMisses(unknown, ["instances", "inputs"]))}`;
  const { instances, inputs } = value;
  if (instances !== undefined && inputs !== undefined) return "a request has instances or inputs, not both";
  if (instances !== undefined)
    return Array.isArray(instances) && instances.length > 0 ? null : "instances is a list of at least one";
  return isMapping(inputs) && Object.keys(inputs).length > 0
    ? null
    : "a request has instances, a list, or inputs, a mapping";
}

/** `expect` compares what the example is answered with, which has to be there and to be of the same length. */
export function expectFaults(expect: Expect | null, example: Record<string, unknown> | null): Fault[] {
  if (expect === null) return [];
  const where = "slipway.yaml: expect";
  if (example === null) return [{ where, message: "compares the answer to an example: give one, or leave it out" }];
  const { instances } = example;
  if (!Array.isArray(instances) || instances.length === expect.predictions.length) return [];
  const counts = `${expect.predictions.length} predictions, and the example ${instances.length} instances`;
  return [{ where: `${where}.predictions`, message: `has ${counts}: give one for each` }];
}
