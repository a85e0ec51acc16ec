import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import { previewRetention } from "#core/upkeep/preview-retention.ts";
import { deleteRule, type Keeping, listRules, setRule } from "#core/upkeep/retention-rules.ts";
import { keepingFields, RetentionPreview, RetentionRule, RetentionSettings } from "../image-schemas.ts";
import { retentionTable } from "../retention-table.ts";
import { headers, modelParams, pageQuery, patternParams, problems } from "../schemas.ts";
import { previewView, ruleView } from "../views.ts";

const tags = ["retention"];

export const retentionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/retention",
    {
      schema: {
        operationId: "listRetentionRules",
        description: "By pattern: the rules whose models the caller may see, all of them.",
        tags,
        response: { 200: Type.Object({ items: Type.Array(RetentionRule) }), ...problems() },
      },
    },
    async ({ caller }) => ({ items: (await listRules(registry, caller.grants)).map(ruleView) }),
  );

  app.put(
    "/retention/:pattern",
    {
      schema: {
        operationId: "setRetentionRule",
        description:
          "Replaces the rule of a pattern. Workers remove what no rule keeps, with their next round: look at the preview of a model first.",
        tags,
        params: patternParams,
        body: RetentionSettings,
        response: { 200: RetentionRule, 201: RetentionRule, ...problems(413, 415, 422) },
      },
    },
    async ({ params, body, actor }, reply) => {
      const { rule, made } = await setRule(registry, parseNamePattern(params.pattern), keepingOf(body), actor);
      return reply.status(made ? 201 : 200).send(ruleView(rule));
    },
  );

  app.delete(
    "/retention/:pattern",
    {
      schema: {
        operationId: "deleteRetentionRule",
        tags,
        params: patternParams,
        response: { 204: Type.Null(), ...problems(404, 422) },
      },
    },
    async ({ params, actor }, reply) => {
      await deleteRule(registry, parseNamePattern(params.pattern), actor);
      return reply.status(204).send(null);
    },
  );

  app.get(
    "/models/:model/retention",
    {
      schema: {
        operationId: "previewRetention",
        description:
          "What the next round would do with each image of the model, and why; with `keepLast`, `keepDays` or both, by that rule instead of its own. As a table with `Accept: text/plain`.",
        tags,
        params: modelParams,
        querystring: Type.Object({ ...keepingFields, ...pageQuery }),
        headers: headers({ Accept: "`text/plain` for a table of all images, else a page as JSON" }),
        response: {
          200: {
            description: "The preview",
            content: { "application/json": { schema: RetentionPreview }, "text/plain": { schema: Type.String() } },
          },
          ...problems(404),
        },
      },
    },
    async ({ params, query, headers }, reply) => {
      const { cursor, limit, ...keeping } = query;
      const tried = Object.keys(keeping).length === 0 ? null : keepingOf(keeping);
      const asText = headers.accept?.includes("text/plain") === true;
      const preview = await previewRetention(registry, params.model, tried, asText ? "all" : { cursor, limit });
      if (asText) return reply.type("text/plain; charset=utf-8").send(retentionTable(preview));
      return reply.type("application/json; charset=utf-8").send(previewView(preview));
    },
  );
};

function keepingOf({
  keepLast = null,
  keepDays = null,
  afterTagDays = 30,
}: {
  keepLast?: number | null;
  keepDays?: number | null;
  afterTagDays?: number;
}): Keeping {
  return { keepLast, keepDays, afterTagDays };
}
