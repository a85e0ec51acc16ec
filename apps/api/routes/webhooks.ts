import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import { deliveryStatuses, listDeliveries, redeliver } from "#core/webhooks/deliveries.ts";
import { createWebhook, deleteWebhook, replaceSecret, updateWebhook } from "#core/webhooks/set-webhook.ts";
import { listWebhooks, readWebhook } from "#core/webhooks/webhook.ts";
import { answerOnce } from "../answer-once.ts";
import { Delivery, MadeWebhook, NewWebhook, Webhook, WebhookChanges } from "../event-schemas.ts";
import { onceHeaders, page, pageQuery, problems } from "../schemas.ts";
import { deliveryView, madeWebhookAgain, madeWebhookView, pageView, webhookView } from "../views.ts";

const tags = ["events"];
const Id = Type.String({ maxLength: 200 });
const webhookParams = Type.Object({ webhook: Id });

export const webhookRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/webhooks",
    {
      schema: {
        operationId: "listWebhooks",
        tags,
        response: { 200: Type.Object({ items: Type.Array(Webhook) }), ...problems() },
      },
    },
    async () => ({ items: (await listWebhooks(registry)).map(webhookView) }),
  );

  app.post(
    "/webhooks",
    {
      schema: {
        operationId: "createWebhook",
        description:
          "Where events are sent from now on, signed with a secret that this answer alone has. A URL that begins with https:// and leads to the public internet, or to the networks of the settings.",
        tags,
        headers: onceHeaders,
        body: NewWebhook,
        response: { 201: MadeWebhook, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { url, description = "", models = "*", kinds = [], format = "standard" } = request.body;
      const input = { url, description, models: parseNamePattern(models), kinds, format };
      const made = {
        status: 201,
        location: ({ webhook }: { webhook: { id: string } }) => `/v1/webhooks/${webhook.id}`,
        view: madeWebhookView,
        again: madeWebhookAgain,
      } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        createWebhook(registry, input, request.actor, remember),
      );
    },
  );

  app.get(
    "/webhooks/:webhook",
    {
      schema: {
        operationId: "getWebhook",
        tags,
        params: webhookParams,
        response: { 200: Webhook, ...problems(404) },
      },
    },
    async ({ params }) => webhookView(await readWebhook(registry, params.webhook)),
  );

  app.patch(
    "/webhooks/:webhook",
    {
      schema: {
        operationId: "updateWebhook",
        description: "Enabled again, or with another URL, it is sent at once what waits.",
        tags,
        params: webhookParams,
        body: WebhookChanges,
        response: { 200: Webhook, ...problems(404, 413, 415, 422) },
      },
    },
    async ({ params, body, actor }) => {
      const { models, ...changes } = body;
      const input = { ...changes, models: models === undefined ? undefined : parseNamePattern(models) };
      return webhookView(await updateWebhook(registry, params.webhook, input, actor));
    },
  );

  app.post(
    "/webhooks/:webhook/secret",
    {
      schema: {
        operationId: "replaceWebhookSecret",
        description:
          "Another secret, which this answer alone has. For a while those before it sign as well: give it to the receivers meanwhile.",
        tags,
        params: webhookParams,
        headers: onceHeaders,
        querystring: Type.Object({
          keepHours: Type.Integer({
            minimum: 0,
            maximum: 168,
            default: 24,
            description: "For so long the secrets before it sign as well; 0 where others have come to know one",
          }),
        }),
        response: { 200: MadeWebhook, ...problems(404, 409, 422) },
      },
    },
    async (request, reply) => {
      const input = { id: request.params.webhook, keepHours: request.query.keepHours };
      const made = { status: 200, view: madeWebhookView, again: madeWebhookAgain } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        replaceSecret(registry, input, request.actor, remember),
      );
    },
  );

  app.delete(
    "/webhooks/:webhook",
    {
      schema: {
        operationId: "deleteWebhook",
        description: "With what waits for it, and the log of what it was sent.",
        tags,
        params: webhookParams,
        response: { 204: Type.Null(), ...problems(404) },
      },
    },
    async ({ params, actor }, reply) => {
      await deleteWebhook(registry, params.webhook, actor);
      return reply.status(204).send(null);
    },
  );

  app.get(
    "/webhooks/:webhook/deliveries",
    {
      schema: {
        operationId: "listDeliveries",
        description: "What it was sent in the last 30 days and what waits, the latest event first.",
        tags,
        params: webhookParams,
        querystring: Type.Object({ status: Type.Optional(Type.Enum([...deliveryStatuses])), ...pageQuery }),
        response: { 200: page(Delivery), ...problems(404) },
      },
    },
    async ({ params, query }) => pageView(await listDeliveries(registry, params.webhook, query), deliveryView),
  );

  app.post(
    "/webhooks/:webhook/deliveries/:delivery/redeliver",
    {
      schema: {
        operationId: "redeliver",
        description: "Sends it once more, under the same id, before what waits of its model.",
        tags,
        params: Type.Object({ webhook: Id, delivery: Id }),
        headers: onceHeaders,
        response: { 202: Delivery, ...problems(404, 409, 422) },
      },
    },
    async (request, reply) => {
      const input = { webhookId: request.params.webhook, id: request.params.delivery };
      return answerOnce(registry, request, reply, { status: 202, view: deliveryView }, (remember) =>
        redeliver(registry, input, request.actor, remember),
      );
    },
  );
};
