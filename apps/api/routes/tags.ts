import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";
import { moveTag, removeTag, type TagCondition } from "#core/promotion/move-tag.ts";
import { listTags, readTag, readTagHistory } from "#core/promotion/read-tags.ts";
import { parseTagName } from "#core/promotion/tag-name.ts";
import {
  headers,
  modelParams,
  page,
  pageQuery,
  problems,
  Reason,
  SemverText,
  Tag,
  TagMove,
  tagParams,
} from "../schemas.ts";
import { pageView, tagMoveView, tagView } from "../views.ts";

const tags = ["tags"];
const conditions = headers({
  "If-Match": "The tag's ETag as it was read, or `*` where it is there",
  "If-None-Match": "`*`: only where it is not there",
});

export const tagRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/models/:model/tags",
    {
      schema: {
        operationId: "listTags",
        tags,
        params: modelParams,
        querystring: Type.Object(pageQuery),
        response: { 200: page(Tag), ...problems(404) },
      },
    },
    async ({ params, query }) => pageView(await listTags(registry, params.model, query), tagView),
  );

  app.get(
    "/models/:model/tags/:tag",
    { schema: { operationId: "getTag", tags, params: tagParams, response: { 200: Tag, ...problems(404, 422) } } },
    async ({ params }, reply) => {
      const tag = await readTag(registry, params.model, params.tag);
      return reply.header("etag", etagOf(tag.revision)).send(tagView(tag));
    },
  );

  app.put(
    "/models/:model/tags/:tag",
    {
      schema: {
        operationId: "moveTag",
        description:
          "Moves the tag to a version that is ready. `If-Match` with the tag's ETag moves it only from that revision.",
        tags,
        params: tagParams,
        headers: conditions,
        body: Type.Object({ version: SemverText, reason: Type.Optional(Reason) }, { additionalProperties: false }),
        response: { 200: Tag, 201: Tag, ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { model, tag } = request.params;
      const { version, reason = "" } = request.body;
      const target = { model, tag: parseTagName(tag), version, reason, condition: conditionOf(request) };
      const moved = await moveTag(registry, target, request.actor);
      return reply
        .status(moved.made ? 201 : 200)
        .header("etag", etagOf(moved.tag.revision))
        .send(tagView(moved.tag));
    },
  );

  app.delete(
    "/models/:model/tags/:tag",
    {
      schema: {
        operationId: "removeTag",
        tags,
        params: tagParams,
        headers: conditions,
        querystring: Type.Object({ reason: Type.Optional(Reason) }),
        response: { 204: Type.Null(), ...problems(404, 412, 422) },
      },
    },
    async (request, reply) => {
      const { model, tag } = request.params;
      const target = {
        model,
        tag: parseTagName(tag),
        reason: request.query.reason ?? "",
        condition: conditionOf(request),
      };
      await removeTag(registry, target, request.actor);
      return reply.status(204).send(null);
    },
  );

  app.get(
    "/models/:model/tags/:tag/history",
    {
      schema: {
        operationId: "getTagHistory",
        description: "One item a revision, the latest first.",
        tags,
        params: tagParams,
        querystring: Type.Object(pageQuery),
        response: { 200: page(TagMove), ...problems(404, 422) },
      },
    },
    async ({ params, query }) =>
      pageView(await readTagHistory(registry, params.model, parseTagName(params.tag), query), tagMoveView),
  );
};

function etagOf(revision: number): string {
  return `"${revision}"`;
}

/** RFC 9110 §13.1.1 and §13.1.2, with a tag's revision as its entity tag. Another's entity tag and a weak one never
 *  match. */
function conditionOf(request: FastifyRequest): TagCondition {
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = request.headers;
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== "*" || ifMatch !== undefined)
      throw new SlipwayError(
        "invalid_request",
        "If-None-Match is taken as * alone: set the tag only where it is not there",
      );
    return "absent";
  }
  if (ifMatch === undefined) return null;
  if (ifMatch.trim() === "*") return "exists";
  const written = ifMatch.split(",").map((text) => text.trim());
  if (!written.every((text) => /^(?:W\/)?"[^"]*"$/.test(text)))
    throw new SlipwayError("invalid_request", 'If-Match is the ETag of the tag as it was read, e.g. "3"');
  return { revision: written.flatMap((text) => /^"([1-9]\d{0,8})"$/.exec(text)?.[1] ?? []).map(Number) };
}
