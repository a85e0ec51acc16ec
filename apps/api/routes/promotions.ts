import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { cancelPromotion, decidePromotion } from "#core/promotion/approve-promotion.ts";
import { listPromotions, type Promotion, promotionStatuses, readPromotion } from "#core/promotion/promotion.ts";
import { previewPromotion, requestPromotion } from "#core/promotion/request-promotion.ts";
import { parseTagName } from "#core/promotion/tag-name.ts";
import { answerOnce } from "../answer-once.ts";
import {
  Cancellation,
  Decision,
  Preview,
  Promotion as PromotionSchema,
  promotionParams,
} from "../promotion-schemas.ts";
import { promotionView } from "../promotion-views.ts";
import { closed, headers, maybe, modelParams, onceHeader, onceHeaders, page, pageQuery, problems } from "../schemas.ts";
import { conditionHeaders, conditionOf, destinationOf, termsOf } from "../tag-request.ts";
import { destination, terms } from "../tag-schemas.ts";
import { pageView } from "../views.ts";

const tags = ["promotions"];
const NewPromotion = Type.Object(
  { tag: Type.String({ maxLength: 200, examples: ["prod"] }), ...destination, ...terms },
  closed,
);

export const promotionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/models/:model/promotions",
    {
      schema: {
        operationId: "createPromotion",
        description:
          "Moves a tag, as PUT of the tag does, and answers with the promotion: 201 where the tag has moved, 202 where its policies have it wait, 403 with the rules where they refuse it. `dryRun` changes nothing and answers with every rule, and why it holds or not.",
        tags,
        params: modelParams,
        querystring: Type.Object({ dryRun: Type.Boolean({ default: false }) }),
        headers: headers({ ...conditionHeaders, ...onceHeader }),
        body: NewPromotion,
        response: {
          200: Preview,
          201: PromotionSchema,
          202: PromotionSchema,
          ...problems(404, 409, 412, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const wish = {
        model: request.params.model,
        tag: parseTagName(body.tag),
        to: destinationOf(body),
        condition: conditionOf(request),
        terms: termsOf(body),
      };
      if (request.query.dryRun) return previewPromotion(registry, wish, request.actor);
      const answering = {
        status: ({ status }: Promotion) => (status === "waiting" ? 202 : 201) as 201 | 202,
        location: ({ id }: Promotion) => `/v1/promotions/${id}`,
        view: promotionView,
      };
      return answerOnce<Promotion>(registry, request, reply, answering, (remember) =>
        requestPromotion(registry, wish, request.actor, remember),
      );
    },
  );

  app.get(
    "/promotions",
    {
      schema: {
        operationId: "listPromotions",
        description:
          "The latest first, of the models that the caller may see: what waits, what moved, what was refused.",
        tags,
        querystring: Type.Object({
          model: Type.Optional(Type.String({ maxLength: 200 })),
          tag: Type.Optional(Type.String({ maxLength: 200 })),
          status: Type.Optional(Type.Enum([...promotionStatuses])),
          ...pageQuery,
        }),
        response: { 200: page(PromotionSchema), ...problems() },
      },
    },
    async ({ query, caller: { grants } }) =>
      pageView(await listPromotions(registry, { ...query, grants }), promotionView),
  );

  app.get(
    "/promotions/:id",
    {
      schema: {
        operationId: "getPromotion",
        tags,
        params: promotionParams,
        response: { 200: PromotionSchema, ...problems(404) },
      },
    },
    async ({ params }) => promotionView(await readPromotion(registry, params.id)),
  );

  app.post(
    "/promotions/:id/approvals",
    {
      schema: {
        operationId: "decidePromotion",
        description:
          "Approves or rejects a promotion that waits: of this image, under the policies as they stand; when either changes it is void. The last approval that was missing moves the tag at once; a rejection ends the promotion. Nobody approves what they have asked for.",
        tags,
        params: promotionParams,
        headers: onceHeaders,
        body: Decision,
        response: { 200: PromotionSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { decision, comment = "" } = request.body;
      const given = { promotion: request.params.id, decision, comment, grants: request.caller.grants };
      return answerOnce<Promotion>(registry, request, reply, { status: 200, view: promotionView }, (remember) =>
        decidePromotion(registry, given, request.actor, remember),
      );
    },
  );

  app.post(
    "/promotions/:id/cancel",
    {
      schema: {
        operationId: "cancelPromotion",
        description: "Takes back a promotion that waits.",
        tags,
        params: promotionParams,
        headers: onceHeaders,
        body: maybe(Cancellation),
        response: { 200: PromotionSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const given = { promotion: request.params.id, reason: request.body?.reason ?? "" };
      return answerOnce<Promotion>(registry, request, reply, { status: 200, view: promotionView }, (remember) =>
        cancelPromotion(registry, given, request.actor, remember),
      );
    },
  );
};
