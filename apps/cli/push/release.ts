import { createHash } from "node:crypto";
import type { operations } from "../api-types.d.ts";
import type { LocalFile } from "./folder.ts";

export type Version = operations["getVersion"]["responses"][200]["content"]["application/json"];

/** What is pushed; `version` is a number, or a step to the next one. */
export interface Release {
  model: string;
  version: string;
  files: readonly LocalFile[];
  /** That was built elsewhere, in place of files: host/repository@sha256:… */
  image?: string;
  description: string;
  labels: Record<string, string>;
  metadata: Record<string, unknown>;
}

export function isOpen({ status }: Version): boolean {
  return status === "draft" || status === "verifying";
}

export function documentFor(release: Release, number: string) {
  const { description, labels, metadata } = release;
  return {
    version: number,
    ...(description === "" ? {} : { description }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

/** The same for the same push, and that of the Python client: by it the service tells what this push has begun
 *  (decision 0080). */
export function keyFor(release: Release, number: string): string {
  return `slipway-push-${hashOf(release, number)}`;
}

/** An archive's bytes are this client's own, and so is its key. */
export function archiveKeyFor(release: Release, number: string): string {
  return `slipway-archive-${hashOf(release, number)}`;
}

function hashOf(release: Release, number: string): string {
  const held = release.files.map(({ path, digest }) => [path, digest]);
  const { model, image } = release;
  const told = pythonJson([model, documentFor(release, number), held, ...(image === undefined ? [] : [image])]);
  return createHash("sha256").update(told).digest("hex");
}

/** As Python's `json.dumps(…, sort_keys=True)` writes it. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return `{${entries.map(([name, inner]) => `${pythonJson(name)}: ${pythonJson(inner)}`).join(", ")}}`;
  }
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replace(/[^ -~]/g, escaped);
}
