import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { openReadiness } from "../check-parts.ts";
import { problem } from "../schemas.ts";

const tags = ["health"];
const Part = Type.Object({
  name: Type.String(),
  status: Type.Enum(["ok", "down", "unknown"]),
  message: Type.Union([Type.String(), Type.Null()]),
  since: Type.Union([Type.String({ format: "date-time" }), Type.Null()], {
    description: "When it was first seen down; null while it is well",
  }),
});
const Readiness = Type.Object({ status: Type.Enum(["ok", "degraded", "unavailable"]), parts: Type.Array(Part) });

export const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const readiness = openReadiness(app.registry);

  app.get(
    "/healthz",
    {
      schema: {
        operationId: "health",
        description: "The process answers.",
        tags,
        security: [],
        response: { 200: Type.Object({ status: Type.String() }), 500: problem },
      },
    },
    async () => ({ status: "ok" }),
  );

  app.get(
    "/readyz",
    {
      schema: {
        operationId: "readiness",
        description: "Each part by name: 200 `degraded` while work has to wait, 503 where nothing can be stored.",
        tags,
        security: [],
        response: { 200: Readiness, 500: problem, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const answer = await readiness();
      return reply.status(answer.status === "unavailable" ? 503 : 200).send(answer);
    },
  );
};
