import { parse } from "smol-toml";
import { BuildFault } from "../image-builder.ts";
import type { LockedRequirement } from "../lock.ts";

interface PylockPackage {
  name: string;
  version?: string;
  wheels?: { url?: string; path?: string; name?: string; hashes: Record<string, string> }[];
}

/** Reads a `pylock.toml` (PEP 751) that uv made for one platform: one wheel of each package is taken, and its index
 *  address left behind. */
export function parsePylock(text: string): LockedRequirement[] {
  const packages = (parse(text)["packages"] ?? []) as unknown as PylockPackage[];
  return packages
    .map((found) => {
      const wheels = (found.wheels ?? []).map((wheel) => ({
        file: wheel.name ?? decodeURIComponent((wheel.url ?? wheel.path)?.split("/").at(-1) ?? ""),
        sha256: wheel.hashes["sha256"],
      }));
      const best = wheels.sort((a, b) => compareWheels(b.file, a.file))[0];
      if (found.version === undefined || best?.sha256 === undefined)
        throw new BuildFault(
          "requirements_unresolvable",
          `${found.name} does not come from the package index as a wheel with a SHA-256: name it by version, not by address`,
        );
      return { name: found.name, version: found.version, wheel: best.file, sha256: best.sha256 };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Orders file names of wheels of one release that all fit: the one for the newest Python and libc is the largest
 *  (https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-format). */
export function compareWheels(a: string, b: string): number {
  const [left, right] = [rankOf(a), rankOf(b)];
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function rankOf(file: string): number[] {
  const [python = "", abi = "", platform = ""] = file
    .replace(/\.whl$/, "")
    .split("-")
    .slice(-3);
  const isNative = platform === "any" ? 0 : 1;
  const abiRank = abi.startsWith("cp") ? 2 : abi.startsWith("abi") ? 1 : 0;
  const pythonRank = Math.max(...python.split(".").map((tag) => Number(tag.replace(/\D/g, "")) || 0));
  const libcRank = Math.max(
    0,
    ...platform
      .split(".")
      .map((tag) => Number(/_(\d+)_(?:x86_64|aarch64)$/.exec(tag)?.[1] ?? (tag.startsWith("manylinux2014") ? 17 : 0))),
  );
  return [isNative, abiRank, pythonRank, libcRank];
}
