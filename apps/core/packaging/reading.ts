import { didYouMean, nearMisses } from "./near-miss.ts";
import type { YamlFile, YamlPath } from "./read-yaml.ts";

/** Takes values as the types they should have, and notes a fault where they have not. */
export interface Reading {
  fault(path: YamlPath, message: string): void;
  text(path: YamlPath, value: unknown): string | null;
  list(path: YamlPath, value: unknown): unknown[];
  /** Knows only `known` keys, when they are given. */
  mapping(path: YamlPath, value: unknown, known?: readonly string[]): Record<string, unknown>;
}

export function reading(file: YamlFile, fault: Reading["fault"]): Reading {
  return {
    fault,
    text(path, value) {
      if (typeof value === "string" && value !== "") return value;
      const written =
        typeof value === "number" || typeof value === "boolean" ? (file.sourceOf(path) ?? String(value)) : null;
      fault(
        path,
        written === null
          ? `expected a text, found ${kindOf(value)}`
          : `expected a text, found ${kindOf(value)}: write it in quotes, "${written}"`,
      );
      return null;
    },
    list(path, value) {
      if (Array.isArray(value)) return value;
      fault(path, `expected a list, found ${kindOf(value)}`);
      return [];
    },
    mapping(path, value, known) {
      if (!isMapping(value)) {
        fault(path, `expected a mapping of keys to values, found ${kindOf(value)}`);
        return {};
      }
      for (const key of Object.keys(value)) {
        if (known !== undefined && !known.includes(key))
          fault([...path, key], `is no key that is known here${didYouMean(nearMisses(key, known))}`);
      }
      return value;
    },
  };
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing: give it a value, or leave the key out";
  if (value === "") return "an empty text";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return `the truth value ${value}`;
  return typeof value === "object" ? "a mapping" : `a ${typeof value === "string" ? "text" : typeof value}`;
}
