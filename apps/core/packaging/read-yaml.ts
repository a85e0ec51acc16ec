import {
  type Document,
  isNode,
  isScalar,
  Lexer,
  LineCounter,
  Parser,
  parseDocument,
  visit,
  type YAMLError,
} from "yaml";
import { decodeUtf8 } from "./decode-utf8.ts";

/** More than any such file needs; it bounds what is parsed at once. */
export const yamlLimitBytes = 256 * 1024;
/** Of a larger file, which may have long texts and not many of them. */
const mostLexemes = 20_000;
const mostAliases = 100;
const deepestLevel = 64;
/** Of the parser, which has up to three entries for a level. */
const deepestStack = 256;
const mostFaults = 20;

export type YamlPath = readonly (string | number)[];

/** A YAML document as JSON data, with what is needed to point at its source. */
export interface YamlFile {
  value: unknown;
  /** The line of the value at `path`, from 1; null where there is none. */
  lineOf(path: YamlPath): number | null;
  /** A scalar as it is written. */
  sourceOf(path: YamlPath): string | null;
}

export interface YamlFault {
  path: YamlPath;
  line: number | null;
  message: string;
}

/** Reads one document of YAML 1.2, core schema, as far as it is JSON: text keys, each once, finite numbers, no tags.
 *  `file` is null where it cannot be parsed at all. */
export function readYaml(bytes: Buffer): { file: YamlFile | null; faults: YamlFault[] } {
  const unreadable = (message: string) => ({ file: null, faults: [{ path: [], line: null, message }] });
  const text = decodeUtf8(bytes);
  if (text === null) return unreadable("is not UTF-8 text");
  const excess = excessOf(text, bytes.length > yamlLimitBytes ? mostLexemes : Number.POSITIVE_INFINITY);
  if (excess !== null) return unreadable(excess);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: "1.2",
    schema: "core",
    strict: true,
    stringKeys: true,
    // The library's own check compares each key with all before it.
    uniqueKeys: false,
    intAsBigInt: true,
    prettyErrors: false,
  });
  const problems = [...document.errors, ...document.warnings, ...repeatedKeys(document)].slice(0, mostFaults);
  const lineAt = (offset: number) => lines.linePos(offset).line;
  if (problems.length > 0)
    return {
      file: null,
      faults: problems.map((it) => ({ path: [], line: lineAt(it.pos[0]), message: messageOf(it) })),
    };
  const data = plainData(document);
  if (data === null) return unreadable(`uses more than ${mostAliases} aliases, or one that points into itself`);

  const nodeAt = (path: YamlPath) => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    return isNode(node) ? node : null;
  };
  const lineOf = (path: YamlPath) => {
    const offset = nodeAt(path)?.range?.[0];
    return offset === undefined ? null : lineAt(offset);
  };
  const sourceOf = (path: YamlPath) => {
    const node = nodeAt(path);
    return isScalar(node) && typeof node.source === "string" ? node.source : null;
  };
  const faults: YamlFault[] = [];
  const value = toJson(data.value, [], (path, message) => {
    if (faults.length < mostFaults) faults.push({ path, line: lineOf(path), message });
  });
  return { file: { value, lineOf, sourceOf }, faults };
}

function messageOf({ code, message }: Problem): string {
  if (code === "NON_STRING_KEY") return "keys are texts: write others in quotes";
  return message.split("\n", 1)[0] ?? "";
}

/** Composing a document recurses: nested some thousand levels deep it would end the stack and, where that happens
 *  within a regular expression, the process. The parser before it keeps a stack of its own, which can be looked at. */
function excessOf(text: string, mostWords: number): string | null {
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > mostWords) return "is too large to be read at once";
    Array.from(parser.next(lexeme));
    if (parser.stack.length > deepestStack) return `nests deeper than ${deepestLevel} levels`;
  }
  return null;
}

type Problem = Pick<YAMLError, "code" | "message" | "pos">;

function repeatedKeys(document: Document): Problem[] {
  const repeated: Problem[] = [];
  visit(document, {
    Map(_, map) {
      const known = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (known.has(key.value))
          repeated.push({
            code: "DUPLICATE_KEY",
            message: `the key "${key.value}" is there twice`,
            pos: [key.range?.[0] ?? 0, key.range?.[1] ?? 0],
          });
        known.add(key.value);
      }
    },
  });
  return repeated;
}

/** Null where aliases multiply, as the library counts them. */
function plainData(document: Document): { value: unknown } | null {
  try {
    return { value: document.toJS({ maxAliasCount: mostAliases }) };
  } catch (error) {
    if (error instanceof ReferenceError) return null;
    throw error;
  }
}

function toJson(value: unknown, path: YamlPath, fault: (path: YamlPath, message: string) => void): unknown {
  if (path.length > deepestLevel) {
    fault(path.slice(0, 4), `nests deeper than ${deepestLevel} levels`);
    return null;
  }
  if (typeof value === "bigint") {
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value);
    fault(path, "is a number beyond 2^53, which would be rounded: write it in quotes");
    return null;
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    fault(path, "is no finite number, and JSON has no other: leave it out, or write it in quotes");
    return null;
  }
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, [...path, index], fault));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toJson(inner, [...path, key], fault)]));
  return value;
}
