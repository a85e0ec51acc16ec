import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { proveRegistry, type RegistryProof } from "#core/images/registries/prove-registry.ts";
import { readRegistries, readRegistry } from "#core/images/registries/registry-record.ts";
import { deleteRegistry, setRegistry } from "#core/images/registries/set-registry.ts";
import { answerOnce } from "../answer-once.ts";
import { ImageRegistry, RegistryCheck, RegistrySettings } from "../registry-schemas.ts";
import { onceHeaders, problems, registryParams } from "../schemas.ts";
import { registryView } from "../views.ts";

const tags = ["registries"];

export const registryRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry, registries } = app;

  app.get(
    "/registries",
    {
      schema: {
        operationId: "listRegistries",
        description: "Those that images may be pushed to and taken from; `default` comes from the settings.",
        tags,
        response: { 200: Type.Object({ items: Type.Array(ImageRegistry) }), ...problems() },
      },
    },
    async () => ({ items: (await readRegistries(registry)).map(registryView) }),
  );

  app.get(
    "/registries/:name",
    {
      schema: {
        operationId: "getRegistry",
        tags,
        params: registryParams,
        response: { 200: ImageRegistry, ...problems(404) },
      },
    },
    async ({ params }) => registryView(await readRegistry(registry, params.name)),
  );

  app.put(
    "/registries/:name",
    {
      schema: {
        operationId: "setRegistry",
        description: "Makes a registry, or replaces all that was said of it.",
        tags,
        params: registryParams,
        body: RegistrySettings,
        response: { 200: ImageRegistry, 201: ImageRegistry, ...problems(409, 413, 415, 422) },
      },
    },
    async ({ params, body, actor }, reply) => {
      const { host, repository = "", auth, username = null, password = null, ca = null, models = [] } = body;
      const { createRepositories = false, plainHttp = false } = body;
      const login = { auth: auth ?? (username === null ? "anonymous" : "password"), username, password } as const;
      const input = { host, repository, ...login, createRepositories, plainHttp, ca, models };
      const { registry: set, made } = await setRegistry(registry, params.name, input, actor);
      return reply.status(made ? 201 : 200).send(registryView(set));
    },
  );

  app.delete(
    "/registries/:name",
    {
      schema: {
        operationId: "deleteRegistry",
        description: "Forgets a registry and its password; what is in it stays there.",
        tags,
        params: registryParams,
        response: { 204: Type.Null(), ...problems(404, 409) },
      },
    },
    async ({ params, actor }, reply) => {
      await deleteRegistry(registry, params.name, actor);
      return reply.status(204).send(null);
    },
  );

  app.post(
    "/registries/:name/check",
    {
      schema: {
        operationId: "checkRegistry",
        description:
          "Tries with a few bytes whether the registry answers, lets us in, and takes, gives, mounts and deletes images; says what to change where not. Removes again what it may.",
        tags,
        params: registryParams,
        headers: onceHeaders,
        response: { 200: RegistryCheck, ...problems(404, 409, 422) },
      },
    },
    async (request, reply) =>
      answerOnce(
        registry,
        request,
        reply,
        { status: 200, view: (proof: RegistryProof) => ({ ...proof }) },
        (remember) => proveRegistry({ ...registry, registries }, request.params.name, request.actor, remember),
      ),
  );
};
