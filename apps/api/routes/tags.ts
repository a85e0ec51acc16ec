import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";
import type { Destination } from "#core/promotion/find-goal.ts";
import { type MovedTag, moveTag, moveTags, removeTag, type TagCondition } from "#core/promotion/move-tag.ts";
import { listTags, readTag, readTagHistory } from "#core/promotion/read-tags.ts";
import { parseAnyTag, parseTagName } from "#core/promotion/tag-name.ts";
import { listTagAt, readTagAt } from "#core/promotion/tags-at.ts";
import { answerOnce } from "../answer-once.ts";
import { Moment, momentOf } from "../moment.ts";
import {
  headers,
  modelParams,
  onceHeader,
  onceHeaders,
  page,
  pageQuery,
  problems,
  Reason,
  Rollback,
  Tag,
  TagMove,
  TagMoves,
  TagTarget,
  tagParams,
} from "../schemas.ts";
import { pageView, tagMoveView, tagThenView, tagView } from "../views.ts";

const tags = ["tags"];
const conditionHeaders = {
  "If-Match": "The tag's ETag as it was read, or `*` where it is there",
  "If-None-Match": "`*`: only where it is not there",
};
const conditions = headers(conditionHeaders);

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
    "/tags",
    {
      schema: {
        operationId: "listTagHolders",
        description: "Where a tag is, or was at a time, in all models that the caller may see, by their names.",
        tags,
        querystring: Type.Object({
          tag: Type.String({ maxLength: 200, examples: ["prod"] }),
          at: Moment("As it was then; else as it is"),
          ...pageQuery,
        }),
        response: { 200: page(Tag), ...problems(422) },
      },
    },
    async ({ query, caller: { grants } }) => {
      const { tag, at, ...asked } = query;
      const search = { ...asked, tag: parseAnyTag(tag), at: momentOf("at", at) ?? null, grants };
      return pageView(await listTagAt(registry, search), tagThenView);
    },
  );

  app.post(
    "/models/:model/tags",
    {
      schema: {
        operationId: "moveTags",
        description: "Moves several tags: all of them or none. `revision` does for each what `If-Match` does for one.",
        tags,
        params: modelParams,
        headers: onceHeaders,
        body: TagMoves,
        response: { 200: Type.Object({ items: Type.Array(Tag) }), ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { moves, reason = "" } = request.body;
      const wanted = moves.map(({ tag, revision, ...to }) => ({
        tag: parseTagName(tag),
        to: destinationOf(to),
        condition: revision === undefined ? null : revision === 0 ? "absent" : { revision: [revision] },
      })) satisfies { condition: TagCondition }[];
      const view = (moved: MovedTag[]) => ({ items: moved.map(({ tag }) => tagView(tag)) });
      return answerOnce<MovedTag[]>(registry, request, reply, { status: 200, view }, (remember) =>
        moveTags(registry, { model: request.params.model, reason, moves: wanted }, request.actor, remember),
      );
    },
  );

  app.post(
    "/models/:model/tags/:tag/rollback",
    {
      schema: {
        operationId: "rollBackTag",
        description: "Moves the tag to where it was at an earlier revision of its history, as a new revision.",
        tags,
        params: tagParams,
        headers: headers({ ...conditionHeaders, ...onceHeader }),
        body: Rollback,
        response: { 200: Tag, ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { model, tag } = request.params;
      const { to, reason = "" } = request.body;
      const destination: Destination = { revision: to ?? "previous" };
      const move = { model, tag: parseTagName(tag), to: destination, reason, condition: conditionOf(request) };
      const view = ({ tag: moved }: MovedTag) => tagView(moved);
      return answerOnce<MovedTag>(registry, request, reply, { status: 200, view }, (remember) =>
        moveTag(registry, move, request.actor, remember),
      );
    },
  );

  app.get(
    "/models/:model/tags/:tag",
    {
      schema: {
        operationId: "getTag",
        tags,
        params: tagParams,
        querystring: Type.Object({ at: Moment("As it was then; else as it is") }),
        response: { 200: Tag, ...problems(404, 422) },
      },
    },
    async ({ params, query }, reply) => {
      const at = momentOf("at", query.at);
      if (at !== undefined)
        return tagThenView(await readTagAt(registry, { ...params, tag: parseAnyTag(params.tag), at }));
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
          "Moves the tag to a version that is ready, by its name or its image's digest. `If-Match` with the tag's ETag moves it only from that revision.",
        tags,
        params: tagParams,
        headers: conditions,
        body: TagTarget,
        response: { 200: Tag, 201: Tag, ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { model, tag } = request.params;
      const { reason = "", ...to } = request.body;
      const target = { model, tag: parseTagName(tag), to: destinationOf(to), reason, condition: conditionOf(request) };
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
      pageView(await readTagHistory(registry, params.model, parseAnyTag(params.tag), query), tagMoveView),
  );
};

/** Throws `invalid_request` where it is not said, or twice. */
function destinationOf({ version, digest }: { version?: string; digest?: string }): Destination {
  if (version !== undefined && digest === undefined) return { version };
  if (digest !== undefined && version === undefined) return { digest };
  throw new SlipwayError("invalid_request", 'say where the tag goes: "version", or "digest" of its image; one of both');
}

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
