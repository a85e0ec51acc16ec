import { Ajv, type AnySchema } from "ajv";
import addFormats from "ajv-formats";
import type { FastifyRequest, FastifySchemaCompiler } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import { jsonDepth, jsonTexts, storable } from "#core/models/labels.ts";

const options = { allErrors: false, useDefaults: true, removeAdditional: false, strict: "log" } as const;

/** A body is taken as it is; what stands in a URL is text and becomes numbers and booleans. */
const exact = new Ajv({ ...options, coerceTypes: false });
const coercing = new Ajv({ ...options, coerceTypes: "array" });
for (const ajv of [exact, coercing]) addFormats.default(ajv);

export const validatorCompiler: FastifySchemaCompiler<AnySchema> = ({ schema, httpPart }) =>
  (httpPart === "body" ? exact : coercing).compile(schema);

const deepest = 100;

/** Before anything looks at a request: its texts can be kept by Postgres, and its JSON can be walked. A file's path
 *  has rules of its own (models/file-path.ts). */
export async function refuseOddText({ params, query, body }: FastifyRequest): Promise<void> {
  const { "*": _path, ...named } = params as Record<string, unknown>;
  for (const [where, part] of Object.entries({ path: named, query, body })) {
    if (jsonDepth(part, deepest) > deepest)
      throw new SlipwayError("invalid_request", `the ${where} nests deeper than ${deepest} levels`);
    if (!jsonTexts(part).every(storable))
      throw new SlipwayError(
        "invalid_request",
        `the ${where} holds a text with NUL characters or broken Unicode: leave them out`,
      );
  }
}
