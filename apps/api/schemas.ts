import type { Readable } from "node:stream";
import { type Static, Type } from "typebox";
import { digestPattern } from "#core/artifacts/digest.ts";
import { mostObjectBytes, mostParts } from "#core/artifacts/part-plan.ts";
import { buildStatuses } from "#core/builds/build.ts";
import { labelKeyPattern, labelValueLength } from "#core/models/labels.ts";
import { modelNameLength, modelNamePattern } from "#core/models/model-name.ts";
import { semverLength, semverPattern } from "#core/models/semver.ts";
import { imageStatuses, proofStatuses, proofSubjects, testsStatuses, versionStatuses } from "#core/models/version.ts";
import { uploadKinds, uploadStatuses } from "#core/uploads/upload.ts";
import { VersionSource } from "./source-schema.ts";

export const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const Time = Type.String({ format: "date-time" });
export const closed = { additionalProperties: false };

/** The description of a text with a pattern is what a caller hears whose text does not fit: "write …". */
export const ModelName = Type.String({
  pattern: modelNamePattern,
  maxLength: modelNameLength,
  description: "lower-case letters and digits, in groups joined by one '.', '_' or '-'",
  examples: ["churn"],
});
export const SemverText = Type.String({
  pattern: semverPattern,
  maxLength: semverLength,
  description: "major.minor.patch, with -pre.release where it is one, without a leading v and without +build",
  examples: ["1.2.0"],
});
export const Labels = Type.Record(
  Type.String({ pattern: labelKeyPattern }),
  Type.String({ maxLength: labelValueLength }),
  {
    propertyNames: {
      pattern: labelKeyPattern,
      description: "letters and digits, with '.', '_', '/' or '-' inside, at most 128 characters",
    },
    description: "Key-value pairs to search by",
    examples: [{ team: "fraud" }],
  },
);
export const Metadata = Type.Record(Type.String(), Type.Unknown(), {
  description: "A free JSON document, sealed with the files",
});
const Description = Type.String({ maxLength: 20_000 });
export const Reason = Type.String({ maxLength: 2_000, description: "Why; it is kept in the history" });

export const NewModel = Type.Object(
  {
    name: ModelName,
    title: Type.Optional(Type.String({ maxLength: 200 })),
    description: Type.Optional(Description),
    labels: Type.Optional(Labels),
  },
  closed,
);
export const ModelChanges = Type.Partial(NewModel, { ...closed, minProperties: 1 });
export const NewVersion = Type.Object(
  {
    version: SemverText,
    description: Type.Optional(Description),
    labels: Type.Optional(Labels),
    metadata: Type.Optional(Metadata),
    from: Type.Optional(
      Type.String({ maxLength: 128, description: "A version or tag of the model: the draft starts with its files" }),
    ),
  },
  closed,
);
export const VersionChanges = Type.Partial(Type.Pick(NewVersion, ["description", "labels"]), {
  ...closed,
  minProperties: 1,
});

export const Model = Type.Object({
  name: Type.String(),
  title: Type.String(),
  description: Type.String(),
  labels: Labels,
  latestVersion: nullable(Type.String()),
  tags: Type.Record(Type.String(), Type.String()),
  createdAt: Time,
  createdBy: Type.String(),
});

const Layer = Type.Object({ digest: Type.String(), sizeBytes: Type.Integer(), kind: Type.String() });
export const ImageStatus = Type.Enum([...imageStatuses], { description: "Whether its registry has it" });
export const imageFields = {
  reference: Type.String(),
  repository: Type.String(),
  digest: Type.String(),
  origin: Type.String(),
  status: ImageStatus,
  reason: nullable(
    Type.String({ description: "What is missing of it; of a present one why it could not be removed, in one line" }),
  ),
  platforms: Type.Array(
    Type.Object({
      platform: Type.String(),
      digest: Type.String(),
      sizeBytes: Type.Integer(),
      layers: Type.Array(Layer),
      config: Type.Optional(
        Type.Object(
          {
            user: Type.String(),
            ports: Type.Array(Type.String()),
            healthCheck: Type.Boolean(),
            labels: Type.Record(Type.String(), Type.String()),
          },
          { description: "Of an image that was built elsewhere" },
        ),
      ),
    }),
  ),
};
const Image = Type.Object(imageFields);

export const proofResult = {
  status: Type.Enum([...proofStatuses]),
  checked: Type.Enum([...proofSubjects], { description: "Its health alone, or also the answer to the example" }),
  reason: nullable(Type.String({ description: "Why it failed or was not run, or what it waits for, in one line" })),
  coldStartMs: nullable(Type.Integer({ description: "From its start until it was healthy" })),
  latencyMs: nullable(Type.Object({ p50: Type.Number(), p99: Type.Number() })),
  memoryBytes: nullable(Type.Integer({ description: "The most that it held" })),
};
const testsResult = {
  status: Type.Enum([...testsStatuses]),
  passed: Type.Integer(),
  failed: Type.Integer(),
  skipped: Type.Integer(),
  reason: nullable(Type.String({ description: "The first that failed, or why they were not run, in one line" })),
};
const proofFields = {
  ...proofResult,
  log: nullable(Type.String({ description: "Its last lines; null in lists" })),
  tests: nullable(
    Type.Object(
      { ...testsResult, log: nullable(Type.String({ description: "Their last lines; null in lists" })) },
      { description: "What came of the package's own tests, where they were asked for" },
    ),
  ),
};
export const Proof = Type.Object({
  ...proofFields,
  imageDigest: Type.String(),
  createdAt: Time,
  createdBy: Type.String(),
  finishedAt: nullable(Time),
});

export const VersionStatus = Type.Enum([...versionStatuses]);
export const Version = Type.Object({
  model: Type.String(),
  version: Type.String(),
  number: Type.Integer(),
  status: VersionStatus,
  contentDigest: nullable(Type.String()),
  sizeBytes: Type.Integer(),
  fileCount: Type.Integer(),
  format: nullable(Type.String()),
  description: Type.String(),
  labels: Labels,
  metadata: Metadata,
  source: nullable(VersionSource),
  build: nullable(Type.Object({ id: Type.String(), status: Type.String() })),
  image: nullable(Image),
  proof: nullable(Type.Object(proofFields, { description: "The smoke test of its image" })),
  tags: Type.Array(Type.String()),
  createdAt: Time,
  createdBy: Type.String(),
  sealedAt: nullable(Time),
});

export const File = Type.Object({
  path: Type.String(),
  digest: nullable(Type.String({ description: "Null while it is verified, where it came without one" })),
  sizeBytes: Type.Integer(),
  status: Type.Enum(["verifying", "stored"]),
});

const Digest = Type.String({
  pattern: digestPattern,
  maxLength: 71,
  description: "sha256: and 64 lower-case hex digits",
});
export const FilesToRegister = Type.Object(
  {
    files: Type.Array(Type.Object({ path: Type.String({ maxLength: 4_096 }), digest: Digest }, closed), {
      minItems: 1,
      maxItems: 1_000,
    }),
  },
  closed,
);
export const RegisteredFiles = Type.Object({
  stored: Type.Array(File),
  missing: Type.Array(Type.Object({ path: Type.String(), digest: Type.String() }), {
    description: "Of no file that the caller may read: to be sent",
  }),
});
const PartNumber = Type.Integer({ minimum: 1, maximum: mostParts });
export const NewUpload = Type.Object(
  {
    path: Type.String({ maxLength: 4_096, description: "Of the file that it becomes" }),
    sizeBytes: Type.Integer({ minimum: 1, maximum: mostObjectBytes }),
    digest: Digest,
  },
  closed,
);
export const Upload = Type.Object({
  id: Type.String(),
  kind: Type.Enum([...uploadKinds]),
  path: Type.String(),
  sizeBytes: Type.Integer(),
  digest: nullable(Type.String()),
  partSizeBytes: Type.Integer({ description: "Of every part but the last" }),
  partCount: Type.Integer(),
  parts: Type.Optional(
    nullable(
      Type.Array(Type.Object({ number: Type.Integer(), sizeBytes: Type.Integer() }), {
        description: "Those that the store has of an open direct upload",
      }),
    ),
  ),
  receivedBytes: nullable(Type.Integer({ description: "Of a resumable upload" })),
  status: Type.Enum([...uploadStatuses]),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: Time,
});
export const PartsToSign = Type.Object(
  { parts: Type.Array(Type.Object({ number: PartNumber, digest: Digest }, closed), { minItems: 1, maxItems: 100 }) },
  closed,
);
export const SignedParts = Type.Object({
  parts: Type.Array(
    Type.Object({
      number: Type.Integer(),
      method: Type.String(),
      url: Type.String(),
      headers: Type.Record(Type.String(), Type.String()),
      expiresAt: Time,
    }),
  ),
});

export const Build = Type.Object({
  id: Type.String(),
  model: Type.String(),
  version: Type.String(),
  status: Type.Enum([...buildStatuses]),
  attempt: Type.Integer(),
  builder: Type.Object({ name: Type.String(), why: Type.String() }),
  external: nullable(
    Type.Object(
      {
        image: Type.String(),
        source: Type.Object({ repository: Type.String(), commit: Type.String(), run: nullable(Type.String()) }),
        serve: nullable(Type.Object({ port: Type.Integer(), health: Type.String() })),
      },
      { description: "Of an image that was built elsewhere, as it was registered" },
    ),
  ),
  image: nullable(Image),
  restores: nullable(Type.String({ description: "Digest of the image that it is to put back" })),
  waiting: nullable(Type.Object({ for: Type.String(), until: nullable(Time) })),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  createdAt: Time,
  startedAt: nullable(Time),
  finishedAt: nullable(Time),
});

/** Counts fit a 32-bit integer, bytes a JSON number. */
const Count = Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 });
const ByteCount = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const QuotaLimits = Type.Object(
  {
    models: Type.Optional(Count),
    versions: Type.Optional(Count),
    sizeBytes: Type.Optional(ByteCount),
    buildsAtOnce: Type.Optional(Count),
    fileBytes: Type.Optional(ByteCount),
    filesPerVersion: Type.Optional(Count),
  },
  {
    ...closed,
    minProperties: 1,
    description: "What the models of the pattern may take up together, and each of their files and versions by itself",
  },
);
const Use = Type.Object({ limit: nullable(Type.Integer()), used: Type.Integer() });
const LimitAlone = Type.Object({ limit: nullable(Type.Integer()) });
export const Quota = Type.Object({
  pattern: Type.String(),
  models: Use,
  versions: Use,
  sizeBytes: Use,
  buildsAtOnce: Use,
  fileBytes: LimitAlone,
  filesPerVersion: LimitAlone,
  changedAt: Time,
  changedBy: Type.String(),
});

export const page = <T extends Type.TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), nextCursor: nullable(Type.String()) });

/** `limit` above the largest page counts as that. */
export const pageQuery = {
  cursor: Type.Optional(
    Type.String({ maxLength: 4_000, pattern: "^[A-Za-z0-9_-]+$", description: "`nextCursor` of the page before" }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, description: "Items on a page, at most 100" })),
};
export const labelQuery = {
  label: Type.Optional(
    Type.Array(Type.String(), { description: "`key=value` or `key`; given again, all of them must hold" }),
  ),
};

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object({ where: Type.String(), message: Type.String() }))),
  },
  { description: "RFC 9457" },
);

export const problem = { description: "Problem", content: { "application/problem+json": { schema: Problem } } };

/** A body that may be left out. One schema with two types: of a union's fault a caller would hear every branch. */
export const maybe = <T extends Type.TObject>(body: T) =>
  Type.Unsafe<Static<T> | null>({ ...body, type: ["object", "null"] });

/** The errors of a route, by status. */
export function problems<Status extends number>(...statuses: Status[]) {
  return Object.fromEntries(
    [400, 401, 403, ...statuses, 429, 431, 500, 503].map((status) => [status, problem]),
  ) as Record<Status, typeof problem>;
}

/** Text that a route streams. */
export const Streamed = Type.Unsafe<Readable | string>(Type.String());
export const StreamedBytes = Type.Unsafe<Readable>(Type.String({ format: "binary" }));
/** An answer to a condition: Fastify wants a stream, which is empty. */
export const NotModified = Type.Unsafe<Readable>(Type.Null({ description: "It is as the caller has it" }));

export const Redirected = Type.Unsafe<Readable>(
  Type.Null({ description: "`Location` has the bytes, for five minutes" }),
);

/** Headers that a route reads; in OpenAPI they are parameters. */
export const headers = (described: Record<string, string>) =>
  Type.Object(
    Object.fromEntries(
      Object.entries(described).map(([name, description]) => [name, Type.Optional(Type.String({ description }))]),
    ),
  );

/** Of each POST; see answer-once.ts. */
export const onceHeader = {
  "Idempotency-Key":
    "Names this request, e.g. by a UUID: sent again it changes nothing more and gets the same answer, for a day",
};
export const onceHeaders = headers(onceHeader);

export const modelParams = Type.Object({ model: Type.String() });
export const versionParams = Type.Object({ model: Type.String(), version: Type.String() });
export const fileParams = Type.Object({
  model: Type.String(),
  version: Type.String(),
  "*": Type.String({ description: "The file's path, with its slashes as they are" }),
});
export const buildParams = Type.Object({ id: Type.String() });
export const uploadParams = Type.Object({ model: Type.String(), version: Type.String(), id: Type.String() });
export const registryParams = Type.Object({ name: Type.String() });
export const patternParams = Type.Object({ pattern: Type.String() });
