import { stringify } from "smol-toml";
import type { LockedRequirement } from "../lock.ts";
import type { Uv } from "./uv.ts";

/*
 * torch's wheels for processors alone lie on an index of their own (download.pytorch.org/whl/cpu), which has copies of
 * other projects' wheels as well. Of it only these are taken, and of other indexes none of these:
 */
export const torchPackages: readonly string[] = ["torch", "torchvision", "torchaudio"];

/** The requirements as a `pyproject.toml` that says which index each comes from: uv takes that from no other file. It
 *  may hold a password. */
export function torchProject(requirements: readonly string[], torchIndex: string): string {
  return stringify({
    project: { name: "package", version: "0", dependencies: requirements.map(withoutHashes) },
    tool: {
      uv: {
        index: [{ name: "torch", url: torchIndex, explicit: true }],
        sources: Object.fromEntries(torchPackages.map((name) => [name, { index: "torch" }])),
      },
    },
  });
}

/** What holds for these requirements alone has to be said of each that comes along with another one, too. */
export function torchBesides(resolved: readonly LockedRequirement[], requirements: readonly string[]): string[] {
  const named = new Set(requirements.map((line) => /^[\w-]+/.exec(line)?.[0]));
  return resolved.map(({ name }) => name).filter((name) => torchPackages.includes(name) && !named.has(name));
}

/** For an installation by hashes, where it is no matter which index has a file. */
export function torchEnvironment(
  { torchIndex, environment }: Uv,
  locked: readonly LockedRequirement[],
): Record<string, string> {
  if (torchIndex === null || !locked.some(({ name }) => torchPackages.includes(name))) return {};
  const indexes = [environment["UV_INDEX"], torchIndex].filter(Boolean).join(" ");
  return { UV_INDEX: indexes, UV_INDEX_STRATEGY: "unsafe-best-match" };
}

/** They are held against what was found, afterwards. */
function withoutHashes(line: string): string {
  return line.replaceAll(/\s+--hash=\S+/g, "");
}
