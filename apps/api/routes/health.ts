import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { checkParts } from "../check-parts.ts";
import { problem } from "../schemas.ts";

const tags = ["health"];
const Part = Type.Object({
  name: Type.String(),
  status: Type.Enum(["ok", "down"]),
  message: Type.Union([Type.String(), Type.Null()]),
});
const Readiness = Type.Object({ status: Type.Enum(["ok", "degraded", "unavailable"]), parts: Type.Array(Part) });

export const healthRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    "/healthz",
    {
      schema: {
        operationId: "health",
        description: "The process answers.",
        tags,
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
        response: { 200: Readiness, 500: problem, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const readiness = await checkParts(app.registry);
      return reply.status(readiness.status === "unavailable" ? 503 : 200).send(readiness);
    },
  );
};
