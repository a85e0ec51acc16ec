import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { createModel } from "#core/models/create-model.ts";
import { parseLabelSelector } from "#core/models/labels.ts";
import { listModels } from "#core/models/list-models.ts";
import { type Model, readModel } from "#core/models/model.ts";
import { parseModelName } from "#core/models/model-name.ts";
import { deleteModel } from "#core/releases/delete-model.ts";
import { updateModel } from "#core/releases/update-model.ts";
import { answerOnce } from "../answer-once.ts";
import {
  labelQuery,
  ModelChanges,
  Model as ModelSchema,
  modelParams,
  NewModel,
  onceHeaders,
  page,
  pageQuery,
  problems,
} from "../schemas.ts";
import { modelView, pageView } from "../views.ts";

const tags = ["models"];

export const modelRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/models",
    {
      schema: {
        operationId: "createModel",
        tags,
        headers: onceHeaders,
        body: NewModel,
        response: { 201: ModelSchema, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { body, actor } = request;
      const made = { status: 201, location: ({ name }: Model) => `/v1/models/${name}`, view: modelView } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        createModel(registry, { ...body, name: parseModelName(body.name) }, actor, remember),
      );
    },
  );

  app.get(
    "/models",
    {
      schema: {
        operationId: "listModels",
        tags,
        querystring: Type.Object({
          q: Type.Optional(Type.String({ maxLength: 200, description: "Part of the name or title" })),
          ...labelQuery,
          ...pageQuery,
        }),
        response: { 200: page(ModelSchema), ...problems() },
      },
    },
    async ({ query, caller: { grants } }) => {
      const { q: text, cursor, limit } = query;
      const labels = (query.label ?? []).map(parseLabelSelector);
      return pageView(await listModels(registry, { text, labels, grants, cursor, limit }), modelView);
    },
  );

  app.get(
    "/models/:model",
    {
      schema: { operationId: "getModel", tags, params: modelParams, response: { 200: ModelSchema, ...problems(404) } },
    },
    async ({ params }) => modelView(await readModel(registry, params.model)),
  );

  app.patch(
    "/models/:model",
    {
      schema: {
        operationId: "updateModel",
        tags,
        params: modelParams,
        body: ModelChanges,
        response: { 200: ModelSchema, ...problems(404, 409, 413, 415, 422, 507) },
      },
    },
    async (request) => {
      const { name, ...others } = request.body;
      const changes = { ...others, ...(name === undefined ? {} : { name: parseModelName(name) }) };
      const requireForPolicies = () => request.requireRight("administer", "everything");
      const change = { model: request.params.model, changes, requireForPolicies };
      return modelView(await updateModel(registry, change, request.actor));
    },
  );

  app.delete(
    "/models/:model",
    {
      schema: {
        operationId: "deleteModel",
        tags,
        params: modelParams,
        response: { 204: Type.Null(), ...problems(404, 409) },
      },
    },
    async ({ params, actor, afterAnswer }, reply) => {
      await deleteModel(registry, { name: params.model, afterwards: afterAnswer }, actor);
      return reply.status(204).send(null);
    },
  );
};
