import type { Platform } from "#core/packaging/platforms.ts";
import { normalisedName, parseRequirement } from "#core/packaging/requirement.ts";
import { type Base, pythonMinorOf } from "../bases/base-source.ts";
import { BuildFault } from "../image-builder.ts";
import { type ImageLock, type Lock, type LockedPackage, lockFor, locksIn } from "../lock.ts";
import type { RuntimeSource } from "./runtime-source.ts";

export interface LockUse {
  base: Base;
  source: RuntimeSource;
  /** PEP 508 lines of the package and of the Slipway runtime. */
  requirements: readonly string[];
}

const remedy = "build without a lock, or on an instance that has what the lock names";

/** A lock is kept to the letter or not at all: throws `lock_unusable` where this instance would make something else. */
export function checkLock(lock: Lock, use: LockUse): void {
  const { base, source } = use;
  const refuse = (sentence: string): never => {
    throw new BuildFault("lock_unusable", sentence);
  };
  if (lock.base.digest !== base.digest)
    refuse(
      `the lock names the base ${lock.base.source} ${short(lock.base.digest)}, and this registry's base is ${base.source} ` +
        `${short(base.digest)}${differences(lock.base.packages, base.packages)}: ${remedy}`,
    );
  if (lock.python !== pythonMinorOf(base))
    refuse(`the lock is for Python ${lock.python}, and the base has Python ${pythonMinorOf(base)}: ${remedy}`);
  if (lock.runtime.digest !== source.digest)
    refuse(
      `the lock names the Slipway runtime ${lock.runtime.version} ${short(lock.runtime.digest)}, and this registry has ` +
        `${source.version} ${short(source.digest)}: ${remedy}`,
    );
  checkLocked(lock, use.requirements);
}

/** The lock for each platform. Throws `lock_unusable` where a platform has none, or one is for no platform that is asked for. */
export function locksOf(lock: ImageLock, platforms: readonly Platform[]): ReadonlyMap<Platform, Lock> {
  const locks = locksIn(lock);
  const found = new Map(
    platforms.flatMap((platform): [Platform, Lock][] => {
      const own = lockFor(lock, platform);
      return own === null ? [] : [[platform, own]];
    }),
  );
  if (found.size !== platforms.length || locks.length !== platforms.length)
    throw new BuildFault(
      "lock_unusable",
      `the lock is for ${locks.map(({ platform }) => platform).join(" and ")}, and the package for ${platforms.join(" and ")}: ` +
        "give the lock of each platform, or build without a lock",
    );
  return found;
}

/** Throws `lock_unusable` where the lock has not all that is required (PEP 508 lines). */
export function checkLocked(lock: Lock, requirements: readonly string[]): void {
  const locked = new Set(lock.requirements.map(({ name }) => name));
  const missing = requirements.flatMap(requiredName).filter((name) => !locked.has(name));
  if (missing.length === 0) return;
  throw new BuildFault(
    "lock_unusable",
    `the lock has no ${missing.join(", no ")}, which the package requires: build without a lock, and take the new one`,
  );
}

/** Debian's mirrors keep no old versions: what was installed has to be what the lock names. Throws `lock_unusable`. */
export function checkLockedSystem(lock: Lock | null, installed: readonly LockedPackage[]): void {
  if (lock === null) return;
  const changed = differences(lock.system ?? [], installed);
  if (changed === "" && lock.system?.length === installed.length) return;
  throw new BuildFault("lock_unusable", `the lock names other system packages than there are now${changed}: ${remedy}`);
}

/** None where a marker may leave it out. */
function requiredName(line: string): string[] {
  const requirement = parseRequirement(line);
  if ("fault" in requirement || requirement.marker !== null) return [];
  return [normalisedName(requirement.name)];
}

function differences(theirs: readonly LockedPackage[], ours: readonly LockedPackage[]): string {
  const versions = new Map(ours.map(({ name, version }) => [name, version]));
  const changed = theirs
    .filter(({ name, version }) => versions.get(name) !== version)
    .map(({ name, version }) => `${name} ${version} is ${versions.get(name) ?? "missing"} here`);
  if (changed.length === 0) return "";
  const shown = changed.slice(0, 3).join(", ");
  return ` (${shown}${changed.length > 3 ? `, and ${changed.length - 3} more` : ""})`;
}

function short(digest: string): string {
  return digest.slice(0, "sha256:".length + 12);
}
