import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { digestOf } from "#core/artifacts/digest.ts";
import { writeCard } from "#core/packaging/card/write-card.ts";
import { readModelCard } from "#core/releases/read-card.ts";
import { ModelCard } from "../card-schema.ts";
import { describeDownload, isKnown, nothing } from "../downloads.ts";
import { headers, NotModified, problems, versionParams } from "../schemas.ts";

export const cardRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/models/:model/versions/:version/card",
    {
      schema: {
        operationId: "getModelCard",
        description:
          "The model card: README.md with its front matter, and what is known of the version. Markdown, or with `Accept: application/json` the same as JSON.",
        tags: ["versions"],
        params: versionParams,
        headers: headers({
          Accept: "`application/json`, else Markdown",
          "If-None-Match": "ETags that the caller has",
        }),
        response: {
          200: {
            description: "The card",
            content: { "text/markdown": { schema: Type.String() }, "application/json": { schema: ModelCard } },
          },
          304: NotModified,
          ...problems(404, 409),
        },
      },
    },
    async (request, reply) => {
      const facts = await readModelCard(registry, request.params);
      const asJson = request.headers.accept?.includes("application/json") === true;
      const text = asJson ? JSON.stringify(facts) : writeCard(facts);
      const etag = `"${digestOf(Buffer.from(text))}"`;
      describeDownload(reply, {
        name: `${facts.model}-${facts.version}.${asJson ? "json" : "md"}`,
        type: asJson ? "application/json" : "text/markdown; charset=utf-8",
        etag,
      });
      const vary = reply.getHeader("vary"); // of cors.ts
      reply.header("vary", vary === undefined ? "accept" : `${vary}, accept`);
      if (isKnown(request, etag)) return reply.status(304).send(nothing());
      return reply.send(text);
    },
  );
};
