import type { Fault } from "#core/errors.ts";
import { keepingFault } from "./keeping-fault.ts";
import { didYouMean, nearMisses, nearPaths } from "./near-miss.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";
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
  try {
    return { value: JSON.parse(bytes.toString("utf8")) };
  } catch {
    return { fault: { where: path, message: `${path} is no JSON` } };
  }
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
