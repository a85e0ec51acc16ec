import { isSemver } from "./semver.ts";

/** OCI distribution-spec, "Pulling manifests": `<reference>` as a tag. */
export function isTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(text);
}

/** A full version names itself, and `sha256-…` is where registries keep what refers to an image. */
export function isTaken(tag: string): boolean {
  return isSemver(tag) || tag.toLowerCase().startsWith("sha256-");
}
