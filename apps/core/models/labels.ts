import { type Fault, SlipwayError } from "#core/errors.ts";

export type Labels = Record<string, string>;

export const labelKeyPattern = "^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$";
export const labelValueLength = 1_024;
export const labelLimit = 64;

/** Throws `invalid_metadata` with everything that is wrong. */
export function checkLabels(labels: Labels): void {
  const faults = Object.entries(labels).flatMap(([key, value]): Fault[] => {
    const where = `labels.${key}`;
    if (!new RegExp(labelKeyPattern).test(key))
      return [{ where, message: "a key is letters and digits, with . _ / - inside, at most 128 characters" }];
    if (value.length > labelValueLength)
      return [{ where, message: `a value is at most ${labelValueLength} characters` }];
    if (!storable(value)) return [{ where, message: "a value is Unicode text without NUL characters" }];
    return [];
  });
  if (Object.keys(labels).length > labelLimit)
    faults.push({ where: "labels", message: `at most ${labelLimit} labels` });
  if (faults.length > 0) throw new SlipwayError("invalid_metadata", "some labels cannot be kept", { faults });
}

/** `team=fraud` asks for that value, `team` alone for any. */
export interface LabelSelector {
  key: string;
  value: string | null;
}

export function parseLabelSelector(text: string): LabelSelector {
  const equals = text.indexOf("=");
  const selector =
    equals === -1 ? { key: text, value: null } : { key: text.slice(0, equals), value: text.slice(equals + 1) };
  if (!new RegExp(labelKeyPattern).test(selector.key) || !storable(text))
    throw new SlipwayError(
      "invalid_request",
      `"${text.slice(0, 200)}" selects no label: write key=value, or key alone`,
    );
  return selector;
}

/** Free JSON, as Postgres can keep it: no NUL and no half surrogates in texts, at most 1 MiB and 64 levels. */
export function checkMetadata(metadata: Record<string, unknown>): void {
  checkJson("the metadata", metadata);
}

/** The same, of what has another name. Throws `invalid_metadata`. */
export function checkJson(what: string, value: Record<string, unknown>): void {
  const fault = faultIn(value);
  if (fault !== null) throw new SlipwayError("invalid_metadata", `${what} cannot be kept: ${fault}`);
}

const metadataLimitBytes = 1024 * 1024;

const metadataDepth = 64;

function faultIn(metadata: Record<string, unknown>): string | null {
  if (jsonDepth(metadata, metadataDepth) > metadataDepth) return `it nests deeper than ${metadataDepth} levels`;
  const text = JSON.stringify(metadata);
  if (Buffer.byteLength(text) > metadataLimitBytes)
    return "it is larger than 1 MiB; put large documents into a file of the version";
  if (!jsonLeaves(metadata).every(isExact))
    return "a number is not finite, or a whole number beyond 9007199254740991, which JSON readers round: write it as text";
  return jsonTexts(metadata).every(storable) ? null : "texts and keys are Unicode without NUL characters";
}

function isExact(leaf: unknown): boolean {
  return typeof leaf !== "number" || (Number.isFinite(leaf) && (!Number.isInteger(leaf) || Number.isSafeInteger(leaf)));
}

/** Levels of nesting, counted no further than one past the limit; never by recursion, which deep JSON would break. */
export function jsonDepth(root: unknown, limit: number): number {
  let level = [root];
  let levels = 0;
  while (levels <= limit) {
    level = level.flatMap((value) => (isContainer(value) ? Object.values(value) : []));
    if (level.length === 0) break;
    levels += 1;
  }
  return levels;
}

/** All keys and texts of a JSON value. */
export function jsonTexts(root: unknown): string[] {
  return jsonLeaves(root).filter((leaf) => typeof leaf === "string");
}

/** All keys and all values that hold no others. */
function jsonLeaves(root: unknown): unknown[] {
  const leaves: unknown[] = [];
  const waiting = [root];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (!isContainer(value)) leaves.push(value);
    else
      for (const [key, inner] of Object.entries(value)) {
        if (!Array.isArray(value)) leaves.push(key);
        waiting.push(inner);
      }
  }
  return leaves;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Buffer.isBuffer(value);
}

/** Postgres keeps neither NUL nor lone surrogates in text and jsonb. */
export function storable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}

/** Of what somebody says beside a change. Throws `invalid_request`. */
export function requireStorable(what: string, text: string): void {
  if (!storable(text)) throw new SlipwayError("invalid_request", `the ${what} is Unicode text without NUL characters`);
}
