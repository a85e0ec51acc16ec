import { SlipwayError } from "#core/errors.ts";

/** One path component of an OCI repository (distribution-spec §Pulling manifests), at most 128 characters. */
export type ModelName = string & { readonly modelName: unique symbol };

export const modelNamePattern = "^[a-z0-9]+(?:[._-][a-z0-9]+)*$";
export const modelNameLength = 128;

export function parseModelName(text: string): ModelName {
  if (text.length > modelNameLength || !new RegExp(modelNamePattern).test(text))
    throw new SlipwayError(
      "invalid_name",
      `"${text.slice(0, 200)}" is no model name: lower-case letters and digits, in groups joined by one ".", "_" or "-", at most ${modelNameLength} characters`,
    );
  return text as ModelName;
}
