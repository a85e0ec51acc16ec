import { readFile } from "node:fs/promises";
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
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === "object" && document !== null && !Array.isArray(document))
      return document as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new Failure("usage", '--metadata is no JSON object: give @FILE, or JSON such as {"auc": 0.91}');
}
