import { Type } from "typebox";
import { objectNamePattern } from "#core/packaging/deployment/object-name.ts";

/* What a caller may say of the files that run a version. None of it can end its line in YAML or a shell. */

const dnsLabel = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
export const SecretName = Type.String({
  pattern: `^${dnsLabel}(?:\\.${dnsLabel})*$`,
  maxLength: 253,
  description: "lower-case letters and digits, with '-' and '.' inside",
});
const secretsOf = (description: string) =>
  Type.Optional(Type.Array(SecretName, { maxItems: 20, uniqueItems: true, description }));
export const mounted = secretsOf(
  "Secrets that it may read, each by its name alone: /run/secrets/{secret} is a file with Compose, a folder with Kubernetes",
);
export const pulledWith = secretsOf("Kubernetes Secrets that the image is pulled with");
export const objectName = (maxLength: number) =>
  Type.Optional(
    Type.String({
      pattern: objectNamePattern,
      maxLength,
      description:
        "a letter, then lower-case letters, digits and '-': what its objects are called, else made of the model's name",
    }),
  );
export const Namespace = Type.Optional(
  Type.String({
    pattern: `^${dnsLabel}$`,
    maxLength: 63,
    description: "lower-case letters and digits, with '-' inside",
  }),
);
export const Replicas = Type.Integer({ minimum: 1, maximum: 1000 });
/** https://github.com/distribution/reference, as far as it is needed to hold no blank, quote or `$`. */
export const AppImage = Type.Optional(
  Type.String({
    pattern: "^[a-zA-Z0-9][a-zA-Z0-9._:/-]*(?:@sha256:[0-9a-f]{64})?$",
    maxLength: 500,
    description: "an image's name, as in registry.example/app:1.0.0",
  }),
);
export const DataPath = Type.Optional(
  Type.String({
    pattern: "^(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*\\.(?:jsonl|csv|parquet)$",
    maxLength: 500,
    description:
      "a path below the data's folder that ends in .jsonl, .csv or .parquet: letters, digits, '.', '_', '-' and '/'",
  }),
);
const cronField = "[0-9A-Za-z*?/,-]+";
export const Schedule = Type.Optional(
  Type.String({
    pattern: `^(?:@(?:hourly|daily|midnight|weekly|monthly|yearly|annually)|${cronField}(?: ${cronField}){4})$`,
    maxLength: 200,
    description: "the five fields of cron, as in 0 3 * * *, or @daily and the like",
  }),
);
export const TimeZone = Type.Optional(
  Type.String({
    pattern: "^[A-Za-z][A-Za-z0-9_+/-]*$",
    maxLength: 64,
    description: "a time zone's name, as in Europe/Oslo",
  }),
);
