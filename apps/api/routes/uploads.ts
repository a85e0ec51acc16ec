import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";
import { jsonFault } from "#core/json-faults.ts";
import { createVersion } from "#core/models/create-version.ts";
import { parseSemver } from "#core/models/semver.ts";
import { type UploadedVersion, uploadVersion } from "#core/releases/upload-version.ts";
import { answerOnce } from "../answer-once.ts";
import { expectedDigest, withUpload } from "../request-body.ts";
import { modelParams, NewVersion, onceHeaders, problems, SemverText, Version } from "../schemas.ts";
import { versionView } from "../views.ts";

/** By name, and none of the types that a page can make a browser send without asking first (Fetch standard, "simple"
 *  requests): forms and plain text. */
const archiveTypes = [
  "application/x-tar",
  "application/tar",
  "application/gzip",
  "application/x-gzip",
  "application/x-gtar",
  "application/tar+gzip",
  "application/octet-stream",
];

const isArchive = (type: string | undefined): boolean =>
  type !== undefined && !/^application\/(?:[\w.-]+\+)?json\b/i.test(type);

/** `POST …/versions` is two calls: with JSON it makes a draft, with an archive a whole version. */
export const uploadRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  app.addContentTypeParser(archiveTypes, (_request, _payload, done) => done(null));

  app.post(
    "/models/:model/versions",
    {
      schema: {
        operationId: "createVersion",
        description:
          "With a JSON body: a draft, open for files. With `?version=` and a tar or tar.gz body: the whole version, uploaded, sealed and building.",
        tags: ["versions"],
        params: modelParams,
        headers: onceHeaders,
        querystring: Type.Object({
          version: Type.Optional(SemverText),
          description: Type.Optional(Type.String({ maxLength: 2_000 })), // a URL has no room for more
          label: Type.Optional(Type.Array(Type.String(), { description: "`key=value`" })),
          metadata: Type.Optional(Type.String({ description: "A JSON object" })),
        }),
        body: {
          content: {
            "application/json": { schema: NewVersion },
            "application/x-tar": { schema: Type.Unknown() },
            "application/gzip": { schema: Type.Unknown() },
          },
        },
        response: { 201: Version, 202: Version, ...problems(404, 408, 409, 413, 415, 422, 507) },
      },
    },
    async (request, reply) => {
      const { model } = request.params;
      const at = ({ version }: { version: string }) => `/v1/models/${model}/versions/${version}`;
      if (!isArchive(request.headers["content-type"])) {
        const body = request.body as Type.Static<typeof NewVersion> | null | undefined;
        if (body === null || body === undefined)
          throw new SlipwayError(
            "invalid_request",
            "the body is empty: send JSON with a version, or an archive with ?version=",
          );
        if (Object.keys(request.query).length > 0)
          throw new SlipwayError(
            "invalid_request",
            "the query goes with an archive: with JSON all of it is in the body",
          );
        const made = { status: 201, location: at, view: versionView } as const;
        return answerOnce(registry, request, reply, made, (remember) =>
          createVersion(registry, { ...body, model, version: parseSemver(body.version) }, request.actor, remember),
        );
      }
      const { query } = request;
      if (query.version === undefined)
        throw new SlipwayError("invalid_request", "an archive needs its version in the query: ?version=1.2.0");
      const target = {
        model,
        version: parseSemver(query.version),
        description: query.description,
        labels: labelsOf(query.label ?? []),
        metadata: metadataOf(query.metadata),
        expectedDigest: expectedDigest(request),
      };
      const made = {
        status: 202,
        location: (uploaded: UploadedVersion) => at(uploaded.version),
        view: (uploaded: UploadedVersion) => versionView(uploaded.version),
        bodyDigest: (uploaded: UploadedVersion) => uploaded.bodyDigest,
      } as const;
      return answerOnce(registry, request, reply, made, async (remember) => {
        const uploaded = await withUpload(request, (upload) =>
          uploadVersion(registry, { ...target, ...upload }, request.actor, remember),
        );
        request.buildId = uploaded.version.build?.id ?? null;
        return uploaded;
      });
    },
  );
};

function labelsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals === -1)
        throw new SlipwayError("invalid_request", `the label "${pair.slice(0, 200)}" has no value: write key=value`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

function metadataOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined) return {};
  const fault = jsonFault(text);
  if (fault !== null) throw new SlipwayError("invalid_request", `the metadata in the query cannot be taken: ${fault}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new SlipwayError("invalid_request", "the metadata in the query is no JSON", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new SlipwayError("invalid_request", "the metadata in the query is no JSON object");
  return value as Record<string, unknown>;
}
