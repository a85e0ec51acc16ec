import { storable } from "#core/models/labels.ts";

const deepestLevel = 64;

/** Why the database could not keep a JSON value, or null. */
export function keepingFault(value: unknown, level = 0): string | null {
  if (level > deepestLevel) return `it nests deeper than ${deepestLevel} levels`;
  if (typeof value === "string") return storable(value) ? null : "a text holds a NUL character or is not valid Unicode";
  if (typeof value !== "object" || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const fault =
      (storable(key) ? null : "a key holds a NUL character or is not valid Unicode") ?? keepingFault(inner, level + 1);
    if (fault !== null) return fault;
  }
  return null;
}
