import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";
import { createVersion } from "#core/models/create-version.ts";
import { parseSemver } from "#core/models/semver.ts";
import { uploadVersion } from "#core/releases/upload-version.ts";
import { expectedDigest, withUpload } from "../request-body.ts";
import { modelParams, NewVersion, problems, SemverText, Version } from "../schemas.ts";
import { versionView } from "../views.ts";

const isArchive = (type: string | undefined): boolean =>
  type !== undefined && !/^application\/(?:[\w.-]+\+)?json\b/i.test(type);

/** `POST …/versions` is two calls: with JSON it makes a draft, with an archive a whole version. */
export const uploadRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));

  app.post(
    "/models/:model/versions",
    {
      schema: {
        operationId: "createVersion",
        description:
          "With a JSON body: a draft, open for files. With `?version=` and a tar or tar.gz body: the whole version, uploaded, sealed and building.",
        tags: ["versions"],
        params: modelParams,
        querystring: Type.Object({
          version: Type.Optional(SemverText),
          description: Type.Optional(Type.String({ maxLength: 20_000 })),
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
        response: { 201: Version, 202: Version, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { model } = request.params;
      const at = (version: string) => `/v1/models/${model}/versions/${version}`;
      if (!isArchive(request.headers["content-type"])) {
        const body = request.body as Type.Static<typeof NewVersion> | null | undefined;
        if (body === null || body === undefined)
          throw new SlipwayError(
            "invalid_request",
            "the body is empty: send JSON with a version, or an archive with ?version=",
          );
        const version = await createVersion(
          registry,
          { ...body, model, version: parseSemver(body.version) },
          request.actor,
        );
        return reply.status(201).header("location", at(version.version)).send(versionView(version));
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
      const version = await withUpload(request, (upload) =>
        uploadVersion(registry, { ...target, ...upload }, request.actor),
      );
      return reply.status(202).header("location", at(version.version)).send(versionView(version));
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
