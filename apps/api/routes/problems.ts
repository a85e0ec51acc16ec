import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { allProblems, answerNotFound, titleOf } from "../problem.ts";

/** Where the `type` of a problem leads to. */
export const problemRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    "/problems/:code",
    { schema: { hide: true, params: Type.Object({ code: Type.String() }) } },
    async (request, reply) => {
      const problem = allProblems().find(({ code }) => code === request.params.code);
      if (problem === undefined) return answerNotFound(request, reply);
      return { type: `/problems/${problem.code}`, title: titleOf(problem.code), status: problem.status };
    },
  );
};
