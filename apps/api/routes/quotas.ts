import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import { deleteQuota, listQuotas, setQuota } from "#core/quotas/quotas.ts";
import { patternParams, problems, Quota, QuotaLimits } from "../schemas.ts";
import { quotaView } from "../views.ts";

const tags = ["quotas"];

export const quotaRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/quotas",
    {
      schema: {
        operationId: "listQuotas",
        description: "By pattern, with what is used: the quotas whose models the caller may see, all of them.",
        tags,
        response: { 200: Type.Object({ items: Type.Array(Quota) }), ...problems() },
      },
    },
    async ({ caller }) => ({ items: (await listQuotas(registry, caller.grants)).map(quotaView) }),
  );

  app.put(
    "/quotas/:pattern",
    {
      schema: {
        operationId: "setQuota",
        description: "Replaces all limits of a pattern; one that is left out is none.",
        tags,
        params: patternParams,
        body: QuotaLimits,
        response: { 200: Quota, 201: Quota, ...problems(413, 415, 422) },
      },
    },
    async ({ params, body, actor }, reply) => {
      const { models = null, versions = null, sizeBytes = null, buildsAtOnce = null } = body;
      const { fileBytes = null, filesPerVersion = null } = body;
      const limits = { models, versions, sizeBytes, buildsAtOnce, fileBytes, filesPerVersion };
      const { quota, made } = await setQuota(registry, parseNamePattern(params.pattern), limits, actor);
      return reply.status(made ? 201 : 200).send(quotaView(quota));
    },
  );

  app.delete(
    "/quotas/:pattern",
    {
      schema: {
        operationId: "deleteQuota",
        tags,
        params: patternParams,
        response: { 204: Type.Null(), ...problems(404, 422) },
      },
    },
    async ({ params, actor }, reply) => {
      await deleteQuota(registry, parseNamePattern(params.pattern), actor);
      return reply.status(204).send(null);
    },
  );
};
