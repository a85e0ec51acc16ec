import { hasFile, type PackageReader, readSmall } from "../package-reader.ts";
import { readYaml } from "../read-yaml.ts";
import { isMapping } from "../reading.ts";

/** What a file of YAML says by name, as a help; null where it is not there, or says nothing that can be read. */
export async function readMapping(
  reader: PackageReader,
  path: string,
  limitBytes: number,
): Promise<Record<string, unknown> | null> {
  const bytes = hasFile(reader, path) ? await readSmall(reader, path, limitBytes) : null;
  const value = bytes === null ? null : readYaml(bytes).file?.value;
  return isMapping(value) ? value : null;
}
