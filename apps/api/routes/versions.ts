import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseLabelSelector } from "#core/models/labels.ts";
import { listVersions } from "#core/models/list-versions.ts";
import { updateVersion } from "#core/models/update-version.ts";
import { readVersion } from "#core/models/version.ts";
import { archiveVersion } from "#core/releases/archive-version.ts";
import { deleteVersion } from "#core/releases/delete-version.ts";
import { sealVersion } from "#core/releases/seal-version.ts";
import { answerOnce } from "../answer-once.ts";
import {
  ImageStatus,
  labelQuery,
  modelParams,
  onceHeaders,
  page,
  pageQuery,
  problems,
  Version,
  VersionChanges,
  VersionStatus,
  versionParams,
} from "../schemas.ts";
import { pageView, versionView } from "../views.ts";

const tags = ["versions"];

export const versionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/models/:model/versions",
    {
      schema: {
        operationId: "listVersions",
        tags,
        params: modelParams,
        querystring: Type.Object({
          status: Type.Optional(VersionStatus),
          image: Type.Optional(ImageStatus),
          order: Type.Enum(["asc", "desc"], { default: "asc", description: "In the order of semver" }),
          ...labelQuery,
          ...pageQuery,
        }),
        response: { 200: page(Version), ...problems(404) },
      },
    },
    async ({ params, query }) => {
      const labels = (query.label ?? []).map(parseLabelSelector);
      const { status, image, order, cursor, limit } = query;
      return pageView(
        await listVersions(registry, { model: params.model, status, image, order, labels, cursor, limit }),
        versionView,
      );
    },
  );

  app.get(
    "/models/:model/versions/:version",
    {
      schema: {
        operationId: "getVersion",
        description: "A tag's name works in place of the version.",
        tags,
        params: versionParams,
        response: { 200: Version, ...problems(404) },
      },
    },
    async ({ params }) => versionView(await readVersion(registry, params.model, params.version)),
  );

  app.patch(
    "/models/:model/versions/:version",
    {
      schema: {
        operationId: "updateVersion",
        description: "Description and labels stay open after the seal.",
        tags,
        params: versionParams,
        body: VersionChanges,
        response: { 200: Version, ...problems(404, 413, 415, 422) },
      },
    },
    async ({ params, body, actor }) => versionView(await updateVersion(registry, params, body, actor)),
  );

  app.delete(
    "/models/:model/versions/:version",
    {
      schema: {
        operationId: "deleteVersion",
        description:
          "A draft; or a sealed version where the installation allows it for its model, no tag points at it and the caller may administer the model. The version and its number are not used again.",
        tags,
        params: versionParams,
        response: { 204: Type.Null(), ...problems(403, 404, 409) },
      },
    },
    async (request, reply) => {
      const requireForSealed = () => request.requireRight("administer", "model");
      const afterwards = request.afterAnswer;
      await deleteVersion(registry, { ...request.params, requireForSealed, afterwards }, request.actor);
      return reply.status(204).send(null);
    },
  );

  app.post(
    "/models/:model/versions/:version/seal",
    {
      schema: {
        operationId: "sealVersion",
        description:
          "Inspects the draft, freezes it for good, and starts the build of its image. A fault leaves the draft open.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        response: { 202: Version, ...problems(404, 409, 422) },
      },
    },
    async (request, reply) =>
      answerOnce(registry, request, reply, { status: 202, view: versionView }, async (remember) => {
        const sealed = await sealVersion(registry, request.params, request.actor, remember);
        request.buildId = sealed.build?.id ?? null;
        return sealed;
      }),
  );

  app.post(
    "/models/:model/versions/:version/archive",
    {
      schema: {
        operationId: "archiveVersion",
        description: "Takes a sealed version out of use; it is kept, and never tagged again.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        response: { 200: Version, ...problems(404, 409, 422) },
      },
    },
    async (request, reply) =>
      answerOnce(registry, request, reply, { status: 200, view: versionView }, (remember) =>
        archiveVersion(registry, request.params, request.actor, remember),
      ),
  );
};
