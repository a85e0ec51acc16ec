import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";
import type { Destination } from "#core/promotion/find-goal.ts";
import type { Promotion } from "#core/promotion/promotion.ts";
import { listTags, readTag, readTagHistory } from "#core/promotion/read-tags.ts";
import { removeTag } from "#core/promotion/remove-tag.ts";
import { type MovedTag, moveTag, moveTags } from "#core/promotion/request-promotion.ts";
import { parseAnyTag, parseTagName } from "#core/promotion/tag-name.ts";
import { listTagAt, readTagAt } from "#core/promotion/tags-at.ts";
import { answerOnce } from "../answer-once.ts";
import { Moment, momentOf } from "../moment.ts";
import { Promotion as PromotionSchema } from "../promotion-schemas.ts";
import { promotionView } from "../promotion-views.ts";
import { headers, modelParams, onceHeader, onceHeaders, page, pageQuery, problems, Reason } from "../schemas.ts";
import { conditionHeaders, conditionOf, destinationOf, etagOf, termsOf } from "../tag-request.ts";
import { Rollback, Tag, TagMove, TagMoves, TagTarget, tagParams } from "../tag-schemas.ts";
import { pageView, tagMoveView, tagThenView, tagView } from "../views.ts";

const tags = ["tags"];
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
        description:
          "Moves several tags: all of them or none, and none where one would have to wait. `revision` does for each what `If-Match` does for one.",
        tags,
        params: modelParams,
        headers: onceHeaders,
        body: TagMoves,
        response: { 200: Type.Object({ items: Type.Array(Tag) }), ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { moves, ...given } = request.body;
      const wanted = moves.map(({ tag, revision, ...to }) => ({
        tag: parseTagName(tag),
        to: destinationOf(to),
        condition: revision === undefined ? null : revision === 0 ? ("absent" as const) : { revision: [revision] },
      }));
      const view = (moved: MovedTag[]) => ({ items: moved.map(({ tag }) => tagView(tag)) });
      return answerOnce<MovedTag[]>(registry, request, reply, { status: 200, view }, (remember) =>
        moveTags(
          registry,
          { model: request.params.model, terms: termsOf(given), wishes: wanted },
          request.actor,
          remember,
        ),
      );
    },
  );

  app.post(
    "/models/:model/tags/:tag/rollback",
    {
      schema: {
        operationId: "rollBackTag",
        description:
          "Moves the tag to where it was at an earlier revision of its history, as a new revision; a promotion that waits for it is cancelled. 202 with the promotion where its policies have it wait; with `force` they are not asked.",
        tags,
        params: tagParams,
        headers: headers({ ...conditionHeaders, ...onceHeader }),
        body: Rollback,
        response: { 200: Tag, 202: PromotionSchema, ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { model, tag } = request.params;
      const { to, force: forced = false, ...given } = request.body;
      if (forced) requireReason(given.reason);
      const destination: Destination = { revision: to ?? "previous" };
      const terms = { ...termsOf(given), forced, isRollback: true };
      const move = { model, tag: parseTagName(tag), to: destination, terms, condition: conditionOf(request) };
      const answering = {
        status: (moved: MovedTag | Promotion) => ("made" in moved ? 200 : 202) as 200 | 202,
        location: (moved: MovedTag | Promotion) => ("made" in moved ? null : `/v1/promotions/${moved.id}`),
        view: (moved: MovedTag | Promotion) => ("made" in moved ? tagView(moved.tag) : promotionView(moved)),
      };
      return answerOnce<MovedTag | Promotion>(registry, request, reply, answering, (remember) =>
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
          "Moves the tag to a version that is ready, by its name or its image's digest. `If-Match` with the tag's ETag moves it only from that revision. 202 with the promotion where the tag's policies have it wait, 403 with the rules where they refuse it.",
        tags,
        params: tagParams,
        headers: conditions,
        body: TagTarget,
        response: { 200: Tag, 201: Tag, 202: PromotionSchema, ...problems(404, 409, 412, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { model, tag } = request.params;
      const { body } = request;
      const target = { model, tag: parseTagName(tag), to: destinationOf(body), terms: termsOf(body) };
      const moved = await moveTag(registry, { ...target, condition: conditionOf(request) }, request.actor);
      if (!("made" in moved))
        return reply.status(202).header("location", `/v1/promotions/${moved.id}`).send(promotionView(moved));
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
        description: "A tag that a policy holds for is removed with `force` and a reason alone.",
        tags,
        params: tagParams,
        headers: conditions,
        querystring: Type.Object({ reason: Type.Optional(Reason), force: Type.Boolean({ default: false }) }),
        response: { 204: Type.Null(), ...problems(404, 412, 422) },
      },
    },
    async (request, reply) => {
      const { model, tag } = request.params;
      const { reason = "", force: forced } = request.query;
      if (forced) requireReason(reason);
      const target = { model, tag: parseTagName(tag), reason, forced, condition: conditionOf(request) };
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

/** Throws `invalid_request`. */
function requireReason(reason = ""): void {
  if (reason.trim() === "")
    throw new SlipwayError("invalid_request", "what is forced has a reason, which is kept: give one");
}
