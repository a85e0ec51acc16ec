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
  const fault = faultIn(metadata);
  if (fault !== null) throw new SlipwayError("invalid_metadata", `the metadata cannot be kept: ${fault}`);
}

const metadataLimitBytes = 1024 * 1024;

function faultIn(metadata: Record<string, unknown>): string | null {
  if (depth(metadata) > 64) return "it nests deeper than 64 levels";
  const text = JSON.stringify(metadata);
  if (Buffer.byteLength(text) > metadataLimitBytes)
    return "it is larger than 1 MiB; put large documents into a file of the version";
  return allTexts(metadata).every(storable) ? null : "texts and keys are Unicode without NUL characters";
}

function depth(root: unknown): number {
  let level: unknown[] = [root];
  let levels = 0;
  while (level.length > 0 && levels <= 64) {
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
    levels += 1;
  }
  return levels;
}

function allTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(allTexts);
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => [key, ...allTexts(inner)]);
  return [];
}

/** Postgres keeps neither NUL nor lone surrogates in text and jsonb. */
export function storable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}
