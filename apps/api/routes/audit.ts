import { Readable } from "node:stream";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { readAudit } from "#core/access/read-audit.ts";
import { exportChain, readChainHead } from "#core/audit/read-chain.ts";
import { verifyAudit } from "#core/audit/verify-audit.ts";
import { AuditEntry, ChainHead, ChainPart } from "../audit-schemas.ts";
import { Moment, momentOf } from "../moment.ts";
import { page, pageQuery, problems, Streamed } from "../schemas.ts";
import { auditView, pageView } from "../views.ts";

/** Of one request to verify; whoever has more asks again. */
const mostVerified = 10_000;

const After = Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }));

export const auditRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  const tags = ["audit"];

  app.get(
    "/audit",
    {
      schema: {
        operationId: "listAudit",
        description:
          "Who did what to what, the latest first, of the models that the caller may see. What is no model's (people, tokens, quotas) is for administrators of everything; addresses and tokens for those of the model.",
        tags,
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

  app.get(
    "/audit/head",
    {
      schema: {
        operationId: "getAuditHead",
        description: "The last row of the chain. Its hash vouches for all rows before it: note it elsewhere.",
        tags,
        response: { 200: ChainHead, ...problems() },
      },
    },
    async () => readChainHead(registry.db),
  );

  app.get(
    "/audit/verify",
    {
      schema: {
        operationId: "verifyAudit",
        description:
          "Takes the hashes of rows again, up to 10,000 after a row, and says where the chain does not hold: the first row that was edited, removed, or put between others. While `done` is false ask again after `last`.",
        tags,
        querystring: Type.Object({ after: After }),
        response: { 200: ChainPart, ...problems() },
      },
    },
    async ({ query }) => verifyAudit(registry.db, { after: query.after ?? 0, limit: mostVerified }),
  );

  app.get(
    "/audit/export",
    {
      schema: {
        operationId: "exportAudit",
        description: "All rows of the chain by their places, a line of JSON each, with the hash of each.",
        tags,
        querystring: Type.Object({ after: After }),
        response: {
          200: { description: "The rows", content: { "application/x-ndjson": { schema: Streamed } } },
          ...problems(),
        },
      },
    },
    async ({ query }, reply) =>
      reply
        .type("application/x-ndjson")
        .send(Readable.from(exportChain(registry.db, query.after ?? 0), { objectMode: false })),
  );
};
