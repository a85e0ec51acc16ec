import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { tokenSecondsRange } from "#core/federation/publisher-rule.ts";
import { deletePublisher, listPublishers, readPublisher, setPublisher } from "#core/federation/publishers.ts";
import { grantOf } from "../grants.ts";
import { Publisher, PublisherSettings, publisherParams } from "../publisher-schemas.ts";
import { problems } from "../schemas.ts";
import { publisherView } from "../views.ts";

const tags = ["access"];

export const publisherRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/trusted-publishers",
    {
      schema: {
        operationId: "listPublishers",
        description: "Rules by which tokens of pipelines are exchanged, by name.",
        tags,
        response: { 200: Type.Object({ items: Type.Array(Publisher) }), ...problems() },
      },
    },
    async () => ({ items: (await listPublishers(registry)).map(publisherView) }),
  );

  app.get(
    "/trusted-publishers/:name",
    {
      schema: {
        operationId: "getPublisher",
        tags,
        params: publisherParams,
        response: { 200: Publisher, ...problems(404) },
      },
    },
    async ({ params }) => publisherView(await readPublisher(registry, params.name)),
  );

  app.put(
    "/trusted-publishers/:name",
    {
      schema: {
        operationId: "setPublisher",
        description: "Makes a rule, or replaces it whole: another one than before ends the tokens that it gave.",
        tags,
        params: publisherParams,
        body: PublisherSettings,
        response: { 200: Publisher, 201: Publisher, ...problems(409, 413, 415, 422) },
      },
    },
    async ({ params, body, actor }, reply) => {
      const { provider, issuer, audience = null, claims, disabled = false } = body;
      const { tokenSeconds = tokenSecondsRange.default } = body;
      const grants = body.grants.map(grantOf);
      const rule = { provider, issuer, audience, claims, grants, tokenSeconds, disabled };
      const { publisher, made } = await setPublisher(registry, params.name, rule, actor);
      return reply.status(made ? 201 : 200).send(publisherView(publisher));
    },
  );

  app.delete(
    "/trusted-publishers/:name",
    {
      schema: {
        operationId: "deletePublisher",
        description: "With the tokens that it gave, within a second.",
        tags,
        params: publisherParams,
        response: { 204: Type.Null(), ...problems(404) },
      },
    },
    async ({ params, actor }, reply) => {
      await deletePublisher(registry, params.name, actor);
      return reply.status(204).send(null);
    },
  );
};
