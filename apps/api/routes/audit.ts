import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { readAudit } from "#core/access/read-audit.ts";
import { Moment, momentOf } from "../moment.ts";
import { AuditEntry, page, pageQuery, problems } from "../schemas.ts";
import { auditView, pageView } from "../views.ts";

export const auditRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/audit",
    {
      schema: {
        operationId: "listAudit",
        description:
          "Who did what to what, the latest first, of the models that the caller may see. What is no model's (people, tokens, quotas) is for administrators of everything; addresses and tokens for those of the model.",
        tags: ["audit"],
        querystring: Type.Object({
          model: Type.Optional(Type.String({ maxLength: 200, description: "By its name at that time" })),
          actor: Type.Optional(Type.String({ maxLength: 200 })),
          action: Type.Optional(
            Type.String({
              pattern: "^[a-z]+\\.[a-z]*$",
              maxLength: 100,
              description: "an action such as tag.move, or with tag. all that begin so",
            }),
          ),
          from: Moment("The first moment that counts"),
          to: Moment("The first moment that no longer counts"),
          ...pageQuery,
        }),
        response: { 200: page(AuditEntry), ...problems() },
      },
    },
    async ({ query, caller }) => {
      const { from, to, ...search } = query;
      const entries = await readAudit(registry, {
        ...search,
        from: momentOf("from", from),
        to: momentOf("to", to),
        grants: caller.grants,
      });
      return pageView(entries, auditView);
    },
  );
};
