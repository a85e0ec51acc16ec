import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";
import { compareVersions } from "#core/promotion/compare-versions.ts";
import { Comparison } from "../comparison-schema.ts";
import { releaseNotes } from "../release-notes.ts";
import { headers, problems } from "../schemas.ts";
import { versionView } from "../views.ts";

export const comparisonRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/models/:model/compare/:versions",
    {
      schema: {
        operationId: "compareVersions",
        description:
          "What differs between two versions, each by its name or a tag: `prod...1.3.0`. As release notes with `Accept: text/markdown`.",
        tags: ["versions"],
        params: Type.Object({
          model: Type.String(),
          versions: Type.String({ description: "From and to, with `...` between", examples: ["prod...1.3.0"] }),
        }),
        headers: headers({ Accept: "`text/markdown` for release notes, else JSON" }),
        response: {
          200: {
            description: "The comparison",
            content: { "application/json": { schema: Comparison }, "text/markdown": { schema: Type.String() } },
          },
          ...problems(404, 422),
        },
      },
    },
    async ({ params: { model, versions }, headers: { accept } }, reply) => {
      const [from, to] = endsOf(versions);
      const comparison = await compareVersions(registry, { model, from, to });
      if (accept?.includes("text/markdown") === true)
        return reply.type("text/markdown; charset=utf-8").send(releaseNotes(comparison));
      const view = { ...comparison, from: versionView(comparison.from), to: versionView(comparison.to) };
      return reply.type("application/json; charset=utf-8").send(view);
    },
  );
};

/** Throws `invalid_version`. */
function endsOf(text: string): [from: string, to: string] {
  const [from, to, ...more] = text.split("...");
  if (from === undefined || from === "" || to === undefined || to === "" || more.length > 0)
    throw new SlipwayError(
      "invalid_version",
      `name two versions or tags with "..." between, such as prod...1.3.0, not "${text.slice(0, 200)}"`,
    );
  return [from, to];
}
