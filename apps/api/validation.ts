import { Ajv, type AnySchema } from "ajv";
import addFormats from "ajv-formats";
import type { FastifySchemaCompiler } from "fastify";

const options = { allErrors: false, useDefaults: true, removeAdditional: false, strict: "log" } as const;

/** A body is taken as it is; what stands in a URL is text and becomes numbers and booleans. */
const exact = new Ajv({ ...options, coerceTypes: false });
const coercing = new Ajv({ ...options, coerceTypes: "array" });
for (const ajv of [exact, coercing]) addFormats.default(ajv);

export const validatorCompiler: FastifySchemaCompiler<AnySchema> = ({ schema, httpPart }) =>
  (httpPart === "body" ? exact : coercing).compile(schema);
