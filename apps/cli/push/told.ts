import { readFile } from "node:fs/promises";
import { isSlipwayError } from "#core/errors.ts";
import { jsonFault } from "#core/json-faults.ts";
import { checkMetadata } from "#core/models/labels.ts";
import { Failure } from "../failure.ts";

/** `key=value`, each. */
export function labelsOf(pairs: string[] = []): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals < 1) throw new Failure("usage", `"${pair}" is no label: write --label team=growth`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** `@file`, or the JSON itself. */
export async function metadataOf(given: string | undefined): Promise<Record<string, unknown>> {
  if (given === undefined) return {};
  const text = given.startsWith("@")
    ? await readFile(given.slice(1), "utf8").catch((error: NodeJS.ErrnoException) => {
        throw new Failure("usage", `${given.slice(1)} cannot be read (${error.code}): --metadata takes @FILE or JSON`);
      })
    : given;
  const document = objectIn(text);
  if (document === null)
    throw new Failure("usage", '--metadata is no JSON object: give @FILE, or JSON such as {"auc": 0.91}');
  requireKeepable(text, document);
  return document;
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const document: unknown = JSON.parse(text);
    const isObject = typeof document === "object" && document !== null && !Array.isArray(document);
    return isObject ? (document as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** By the service's own rules. Written anew to be sent, `1e400` would be null, and of a key that stands twice one is gone. */
function requireKeepable(text: string, document: Record<string, unknown>): void {
  const fault = jsonFault(text);
  if (fault !== null)
    throw new Failure("failed", `the metadata cannot be kept: ${fault}`, { code: "invalid_metadata" });
  try {
    checkMetadata(document);
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    throw new Failure("failed", error.message, { code: error.code });
  }
}
