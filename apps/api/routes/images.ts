import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { Build } from "#core/builds/build.ts";
import { readImage } from "#core/upkeep/image-row.ts";
import { checkNow } from "#core/upkeep/record-check.ts";
import { removeImage } from "#core/upkeep/remove-image.ts";
import { restoreImage } from "#core/upkeep/restore-image.ts";
import { answerOnce } from "../answer-once.ts";
import { VersionImage } from "../image-schemas.ts";
import { Build as BuildSchema, onceHeaders, problems, versionParams } from "../schemas.ts";
import { buildView, versionImageView } from "../views.ts";

const tags = ["images"];

export const imageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry, registries } = app;

  app.get(
    "/models/:model/versions/:version/image",
    {
      schema: {
        operationId: "getImage",
        description: "The image of a version, whether its registry has it, and what its removal freed.",
        tags,
        params: versionParams,
        response: { 200: VersionImage, ...problems(404) },
      },
    },
    async ({ params }) => versionImageView(await readImage(registry, params)),
  );

  app.delete(
    "/models/:model/versions/:version/image",
    {
      schema: {
        operationId: "deleteImage",
        description:
          "Has the image removed from its registry, where no tag holds it: 202 while that goes on, 200 where it is done. The version keeps its digest; `restore` puts the image back.",
        tags,
        params: versionParams,
        response: { 200: VersionImage, 202: VersionImage, ...problems(404, 409) },
      },
    },
    async ({ params, actor }, reply) => {
      const image = await removeImage(registry, params, actor);
      return reply.status(image.status === "removed" ? 200 : 202).send(versionImageView(image));
    },
  );

  app.post(
    "/models/:model/versions/:version/image/check",
    {
      schema: {
        operationId: "checkImage",
        description: "Asks the registry at once for the manifest and every layer, and notes what it says.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        response: { 200: VersionImage, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) =>
      answerOnce(registry, request, reply, { status: 200, view: versionImageView }, (remember) =>
        checkNow({ ...registry, registries }, request.params, request.actor, remember),
      ),
  );

  app.post(
    "/models/:model/versions/:version/image/restore",
    {
      schema: {
        operationId: "restoreImage",
        description:
          "Makes an image again that was removed or is missing, and pushes it only if it is the same byte for byte; one that was built elsewhere is looked for where it was.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        response: { 202: BuildSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const made = { status: 202, location: ({ id }: Build) => `/v1/builds/${id}`, view: buildView } as const;
      return answerOnce(registry, request, reply, made, async (remember) => {
        const build = await restoreImage(registry, request.params, request.actor, remember);
        request.buildId = build.id;
        return build;
      });
    },
  );
};
