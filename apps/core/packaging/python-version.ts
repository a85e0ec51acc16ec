import type { Fault } from "#core/errors.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";

const versionFile = ".python-version";

export interface WantedPython {
  /** `3.11`; null where the package says nothing. */
  minor: string | null;
  /** Who says it. */
  where: string;
  faults: Fault[];
}

/** The Python that a package wants: of `slipway.yaml`, else of its model, else of `.python-version` (pyenv's and uv's
 *  file: one version a line, the first counts). */
export async function findPythonMinor(
  reader: PackageReader,
  declared: string | null,
  ofModel: { minor: string; where: string } | null,
): Promise<WantedPython> {
  if (declared !== null) return { minor: declared, where: "slipway.yaml: python", faults: [] };
  if (ofModel !== null) return { ...ofModel, faults: [] };
  const where = versionFile;
  if (!hasFile(reader, versionFile)) return { minor: null, where, faults: [] };
  const text = (await readSmall(reader, versionFile, 4096))?.toString("utf8") ?? "";
  const first =
    text
      .split(/\r?\n/)
      .find((line) => line.trim() !== "" && !line.trimStart().startsWith("#"))
      ?.trim() ?? "";
  const minor = minorOf(first);
  if (minor !== null) return { minor, where, faults: [] };
  return {
    minor: null,
    where,
    faults: [
      {
        where: versionFile,
        message: `"${first.slice(0, 80)}" is no version of CPython 3: write it like 3.11, or say python: "3.11" in slipway.yaml`,
      },
    ],
  };
}

/** `3.11` of `3.11.2`, `3.11` or `cpython-3.11.2`; null for what is no version of CPython 3. */
export function minorOf(version: string): string | null {
  return /^(?:cpython-|cpython@|python-)?(3\.\d{1,2})(?:\.\d+)?$/.exec(version)?.[1] ?? null;
}
