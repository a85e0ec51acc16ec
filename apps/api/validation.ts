import { Ajv, type AnySchema, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { FastifyError, FastifyRequest, FastifySchemaCompiler } from "fastify";
import { type Fault, SlipwayError } from "#core/errors.ts";
import { deepestJson } from "#core/json-faults.ts";
import { jsonDepth, jsonTexts, storable } from "#core/models/labels.ts";
import { didYouMean, nearMisses } from "#core/packaging/near-miss.ts";
import { onFirstUse } from "./on-first-use.ts";

const options = {
  verbose: true,
  useDefaults: true,
  removeAdditional: false,
  strict: "log",
  allowUnionTypes: true,
} as const;

/** A body is taken as it is; what stands in a URL is text and becomes numbers and booleans. */
const exact = new Ajv({ ...options, coerceTypes: false });
const exactAndWhole = new Ajv({ ...options, coerceTypes: false, allErrors: true });
const coercing = new Ajv({ ...options, coerceTypes: "array", allErrors: true });
for (const ajv of [exact, exactAndWhole, coercing]) addFormats.default(ajv);

/** Of a body of ordinary size a caller hears all that is wrong. Of a huge one the first fault: a hundred thousand of
 *  them take hundreds of megabytes. */
export const validatorCompiler: FastifySchemaCompiler<AnySchema> = ({ schema, httpPart }) =>
  onFirstUse(() => (httpPart === "body" ? bodyValidator(schema) : validator(coercing.compile(schema))));

type Validator = (value: unknown) => true | { error: Error };

function validator(validate: ValidateFunction): Validator {
  return (value) => validate(value) || { error: validate.errors as unknown as Error };
}

function bodyValidator(schema: AnySchema): Validator {
  const first = validator(exact.compile(schema));
  const all = onFirstUse(() => validator(exactAndWhole.compile(schema)));
  return (body) => {
    const result = first(body);
    return result === true || isHuge(body) ? result : all(body);
  };
}

const hugeFromValues = 10_000;

function isHuge(body: unknown): boolean {
  const waiting = [body];
  for (let seen = 0; waiting.length > 0; seen += 1) {
    if (seen + waiting.length > hugeFromValues) return true;
    const value = waiting.pop();
    if (typeof value !== "object" || value === null) continue;
    const values = Object.values(value);
    if (values.length > hugeFromValues) return true;
    waiting.push(...values);
  }
  return false;
}

const mostFaults = 100;

/** What is wrong, in words that say what to write instead; `more` are faults past the first hundred. */
export function schemaFaults(
  errors: NonNullable<FastifyError["validation"]>,
  part: string,
): { faults: Fault[]; more: number } {
  // Ajv adds it to the fault of the name itself.
  const telling = (errors as ErrorObject[]).filter(({ keyword }) => keyword !== "propertyNames");
  const faults = telling.slice(0, mostFaults).map((error) => ({
    where: `${part}${error.instancePath}`,
    message: sentences[error.keyword]?.(error, part) ?? error.message ?? "is not valid",
  }));
  return { faults, more: telling.length - faults.length };
}

/** By the keyword of JSON Schema that does not hold. A `pattern` is explained by its schema's `description`. */
const sentences: Record<string, (error: ErrorObject, part: string) => string> = {
  additionalProperties: ({ params, parentSchema }, part) => {
    const name = String(params["additionalProperty"]);
    const known = Object.keys((parentSchema?.["properties"] as object | undefined) ?? {});
    return `"${name.slice(0, 100)}" is not a ${part === "querystring" ? "parameter" : "field"} here${didYouMean(nearMisses(name, known).slice(0, 1))}`;
  },
  enum: ({ params }) => `must be one of ${(params["allowedValues"] as unknown[]).join(", ")}`,
  maxLength: ({ params }) => `must be at most ${params["limit"]} characters long`,
  minProperties: () => "must hold at least one field",
  pattern: ({ parentSchema, propertyName, message }) => {
    const about = propertyName === undefined ? "" : `the key "${propertyName.slice(0, 100)}": `;
    const rule = parentSchema?.["description"];
    return `${about}${typeof rule === "string" ? `write ${rule}` : message}`;
  },
  required: ({ params }) => `"${params["missingProperty"]}" is missing`,
  type: ({ params }) => {
    const types = [params["type"]].flat().map((type) => typeNames[type] ?? type);
    return `must be ${types.join(" or ")}`;
  },
};

const typeNames: Record<string, string> = {
  array: "a list",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  object: "an object",
  string: "a text",
};

/** Before anything looks at a request: its texts can be kept by Postgres, and its JSON can be walked. A file's path
 *  has rules of its own (models/file-path.ts). */
export async function refuseOddText({ params, query, body }: FastifyRequest): Promise<void> {
  const { "*": _path, ...named } = params as Record<string, unknown>;
  for (const [where, part] of Object.entries({ path: named, query, body })) {
    if (jsonDepth(part, deepestJson) > deepestJson)
      throw new SlipwayError("invalid_request", `the ${where} nests deeper than ${deepestJson} levels`);
    if (!jsonTexts(part).every(storable))
      throw new SlipwayError(
        "invalid_request",
        `the ${where} holds a text with NUL characters or broken Unicode: leave them out`,
      );
  }
}
