import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { parseDigest } from "#core/artifacts/digest.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { type ReferredFiles, referFiles } from "#core/models/refer-files.ts";
import { answerOnce } from "../answer-once.ts";
import { FilesToRegister, onceHeaders, problems, RegisteredFiles, versionParams } from "../schemas.ts";
import { fileView } from "../views.ts";

export const knownFileRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/models/:model/versions/:version/files",
    {
      schema: {
        operationId: "registerFiles",
        description:
          "Puts files into a draft without sending them, where a version that the caller may read has the same bytes; the others are `missing`.",
        tags: ["files"],
        params: versionParams,
        headers: onceHeaders,
        body: FilesToRegister,
        response: { 200: RegisteredFiles, ...problems(404, 409, 413, 415, 422, 507) },
      },
    },
    async (request, reply) => {
      const files = request.body.files.map(({ path, digest }) => ({
        path: parseFilePath(path),
        digest: parseDigest(digest),
      }));
      const input = { ...request.params, files, grants: request.caller.grants };
      return answerOnce(registry, request, reply, { status: 200, view }, (remember) =>
        referFiles(registry, input, request.actor, remember),
      );
    },
  );
};

function view({ stored, missing }: ReferredFiles) {
  return { stored: stored.map(fileView), missing };
}
