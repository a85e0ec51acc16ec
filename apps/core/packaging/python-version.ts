import type { Fault } from "#core/errors.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";

const versionFile = ".python-version";

/** The Python minor version that a package's `.python-version` names (pyenv's and uv's file: one version a line, the
 *  first counts), or null where it has none. */
export async function findPythonMinor(reader: PackageReader): Promise<{ minor: string | null; faults: Fault[] }> {
  if (!hasFile(reader, versionFile)) return { minor: null, faults: [] };
  const text = (await readSmall(reader, versionFile, 4096))?.toString("utf8") ?? "";
  const first =
    text
      .split(/\r?\n/)
      .find((line) => line.trim() !== "" && !line.trimStart().startsWith("#"))
      ?.trim() ?? "";
  const minor = /^(?:cpython-|cpython@|python-)?(3\.\d{1,2})(?:\.\d+)?$/.exec(first)?.[1];
  if (minor !== undefined) return { minor, faults: [] };
  return {
    minor: null,
    faults: [
      {
        where: versionFile,
        message: `"${first.slice(0, 80)}" is no version of CPython 3: write it like 3.11, or say python: "3.11" in slipway.yaml`,
      },
    ],
  };
}
