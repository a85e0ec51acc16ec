import { stringify } from "smol-toml";
import type { LockedRequirement } from "../lock.ts";
import { withoutHashes } from "./pinned-hashes.ts";
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

/** What is installed from one place, with what uv is told of it. */
export interface OfIndex {
  locked: readonly LockedRequirement[];
  environment: Readonly<Record<string, string>>;
}

/** The wheels of a lock by where they come from. */
export function byIndex({ torchIndex }: Uv, locked: readonly LockedRequirement[]): OfIndex[] {
  if (torchIndex === null) return [{ locked, environment: {} }];
  const isTorchs = ({ name }: LockedRequirement) => torchPackages.includes(name);
  const parts: OfIndex[] = [
    { locked: locked.filter((requirement) => !isTorchs(requirement)), environment: {} },
    { locked: locked.filter(isTorchs), environment: { UV_DEFAULT_INDEX: torchIndex, UV_INDEX: "" } },
  ];
  return parts.filter((part) => part.locked.length > 0);
}
