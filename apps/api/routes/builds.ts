import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "typebox";
import { type Build, readBuild, readDockerfile, readLock } from "#core/builds/build.ts";
import { cancelBuild } from "#core/builds/cancel-build.ts";
import type { ExternalSource } from "#core/builds/external-source.ts";
import { rebuildVersion } from "#core/builds/rebuild-version.ts";
import { messageOf, SlipwayError } from "#core/errors.ts";
import { parseLock } from "#core/images/lock.ts";
import { type ImageReference, parseReference } from "#core/images/registry-client/reference.ts";
import { registerImage } from "#core/releases/register-image.ts";
import { answerOnce } from "../answer-once.ts";
import { BuildSource } from "../build-source-schema.ts";
import { followAsEvents, followAsText } from "../follow-log.ts";
import { lastEventId } from "../last-event-id.ts";
import {
  Build as BuildSchema,
  buildParams,
  headers,
  maybe,
  onceHeaders,
  problems,
  Streamed,
  versionParams,
} from "../schemas.ts";
import { buildView } from "../views.ts";

const tags = ["builds"];

export const buildRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/models/:model/versions/:version/builds",
    {
      schema: {
        operationId: "createBuild",
        description:
          "Makes the image of a sealed version again, with a lock of another build where one is given; or takes an image that was built elsewhere, which is verified where it is and seals a draft that has no files. A ready image stays.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        body: maybe(BuildSource),
        response: { 202: BuildSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const made = { status: 202, location: ({ id }: Build) => `/v1/builds/${id}`, view: buildView } as const;
      const { params, actor } = request;
      const external = externalIn(request.body ?? {});
      const lock = request.body?.lock === undefined ? null : parseLock(request.body.lock);
      const requireToSeal = () => request.requireRight("upload", "model");
      return answerOnce(registry, request, reply, made, async (remember) => {
        const build =
          external === null
            ? await rebuildVersion(registry, { ...params, lock }, actor, remember)
            : await registerImage(registry, { ...params, external }, { actor, requireToSeal }, remember);
        request.buildId = build.id;
        return build;
      });
    },
  );

  app.get(
    "/builds/:id",
    {
      schema: { operationId: "getBuild", tags, params: buildParams, response: { 200: BuildSchema, ...problems(404) } },
    },
    async ({ params }) => buildView(await readBuild(registry, params.id)),
  );

  app.get(
    "/builds/:id/lock",
    {
      schema: {
        operationId: "getBuildLock",
        description:
          "Everything the image was made of, by version and digest: a lock, and of an image for several platforms a list of one for each, or the one that is asked for. Given again, it makes the same image.",
        tags,
        params: buildParams,
        querystring: Type.Object({
          platform: Type.Optional(Type.String({ maxLength: 100, description: "such as linux/arm64" })),
        }),
        response: { 200: Type.Unknown(), ...problems(400, 404) },
      },
    },
    async ({ params, query }, reply) =>
      reply
        .type("application/json")
        .serializer(JSON.stringify)
        .send(await readLock(registry, { id: params.id, platform: query.platform ?? null })),
  );

  app.get(
    "/builds/:id/dockerfile",
    {
      schema: {
        operationId: "getBuildDockerfile",
        description: "What a Docker Engine was given to build. An image that was put together from layers has none.",
        tags,
        params: buildParams,
        response: {
          200: { description: "The Dockerfile", content: { "text/plain": { schema: Streamed } } },
          ...problems(404),
        },
      },
    },
    async ({ params }, reply) =>
      reply.type("text/plain; charset=utf-8").send(await readDockerfile(registry, params.id)),
  );

  app.post(
    "/builds/:id/cancel",
    {
      schema: {
        operationId: "cancelBuild",
        tags,
        params: buildParams,
        headers: onceHeaders,
        response: { 200: BuildSchema, ...problems(404, 409, 422) },
      },
    },
    async (request, reply) =>
      answerOnce(registry, request, reply, { status: 200, view: buildView }, (remember) =>
        cancelBuild(registry, request.params.id, request.actor, remember),
      ),
  );

  app.get(
    "/builds/:id/log",
    {
      schema: {
        operationId: "getBuildLog",
        description:
          "As text: what there is, or with `follow` all that comes until the build ends. As `text/event-stream`: an event a line, followed to the end; `Last-Event-ID` goes on where a client stopped.",
        tags,
        params: buildParams,
        querystring: Type.Object({ follow: Type.Boolean({ default: false }) }),
        headers: headers({ "Last-Event-ID": "The id of the last event that was received" }),
        response: {
          200: {
            description: "The log",
            content: { "text/plain": { schema: Streamed }, "text/event-stream": { schema: Streamed } },
          },
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await readBuild(registry, id);
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const signal = AbortSignal.any([gone.signal, app.closing]);
      if (request.headers.accept?.includes("text/event-stream")) {
        const after = lastEventId(request.headers["last-event-id"]) ?? 0;
        return reply.type("text/event-stream").send(followAsEvents(registry, id, { after, signal }));
      }
      return reply
        .type("text/plain; charset=utf-8")
        .send(followAsText(registry, id, { follow: request.query.follow, signal }));
    },
  );
};

function externalIn({ lock, image, source, serve }: Static<typeof BuildSource>): ExternalSource | null {
  if (image === undefined && source === undefined && serve === undefined) return null;
  if (image === undefined || source === undefined)
    throw new SlipwayError(
      "invalid_request",
      "an image that was built elsewhere is given as image and source together",
    );
  if (lock !== undefined)
    throw new SlipwayError(
      "invalid_request",
      "a lock is to build by, and an image is built already: give one of the two",
    );
  const { repository, commit, run = null } = source;
  return { ...parseImage(image), source: { repository, commit, run }, serve: serve ?? null };
}

function parseImage(text: string): ImageReference {
  try {
    return parseReference(text);
  } catch (error) {
    throw new SlipwayError("invalid_image", messageOf(error));
  }
}
