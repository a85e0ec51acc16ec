import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { type Check, listChecks, postCheck } from "#core/promotion/checks.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { answerOnce } from "../answer-once.ts";
import { Check as CheckSchema, NewCheck } from "../promotion-schemas.ts";
import { checkView } from "../promotion-views.ts";
import { onceHeaders, page, pageQuery, problems, versionParams } from "../schemas.ts";
import { pageView } from "../views.ts";

const tags = ["checks"];

export const checkRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/models/:model/versions/:version/checks",
    {
      schema: {
        operationId: "createCheck",
        description:
          "What another system has found of a sealed version: an evaluation, a scan. None is changed or removed, and the newest of a name counts. Who has made a version posts no check of it.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        body: NewCheck,
        response: { 201: CheckSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      const { name, status, summary = "", url = null, data = {} } = body;
      const check = { ...params, name, status, summary, url, data: data as Prisma.InputJsonObject };
      const location = (): string => `/v1/models/${params.model}/versions/${params.version}/checks`;
      return answerOnce<Check>(registry, request, reply, { status: 201, location, view: checkView }, (remember) =>
        postCheck(registry, check, request.actor, remember),
      );
    },
  );

  app.get(
    "/models/:model/versions/:version/checks",
    {
      schema: {
        operationId: "listChecks",
        description: "Every result, the latest first.",
        tags,
        params: versionParams,
        querystring: Type.Object({ name: Type.Optional(Type.String({ maxLength: 64 })), ...pageQuery }),
        response: { 200: page(CheckSchema), ...problems(404) },
      },
    },
    async ({ params, query }) => pageView(await listChecks(registry, { ...params, ...query }), checkView),
  );
};
