import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { exportDocker } from "#core/releases/export-docker.ts";
import { exportPackage, packageFormats, packageLayout } from "#core/releases/export-package.ts";
import { describeDownload, isKnown, nothing } from "../downloads.ts";
import { headers, NotModified, problems, StreamedBytes, versionParams } from "../schemas.ts";

const typeOf = { "tar.gz": "application/gzip", zip: "application/zip" } as const;

export const packageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/models/:model/versions/:version/package",
    {
      schema: {
        operationId: "getPackage",
        description:
          "All files of a version as one archive, the same bytes each time; a tag's name works in place of the version. With `as=docker` also what builds and runs its image by hand: Dockerfile, docker-compose.yml, .dockerignore, requirements by hash, the Slipway runtime, the model card.",
        tags: ["versions"],
        params: versionParams,
        querystring: Type.Object({
          as: Type.Optional(Type.Enum(["docker"])),
          format: Type.Enum([...packageFormats], { default: "tar.gz", description: "Neither is compressed" }),
        }),
        headers: headers({ "If-None-Match": "ETags that the caller has; a draft has none" }),
        response: {
          200: {
            description: "The archive",
            content: Object.fromEntries(Object.values(typeOf).map((type) => [type, { schema: StreamedBytes }])),
          },
          304: NotModified,
          ...problems(404, 409),
        },
      },
    },
    async (request, reply) => {
      const { model, version } = request.params;
      const { as, format } = request.query;
      const { archive, kind } =
        as === "docker"
          ? await dockerArchive(registry, { model, version, format })
          : { archive: await exportPackage(registry, { model, version, format }), kind: "" };
      const etag = archive.contentDigest && `"${archive.contentDigest}-${kind}${format}-${packageLayout}"`;
      const name = `${model}-${archive.version}${as === undefined ? "" : `-${as}`}.${format}`;
      describeDownload(reply, { name, type: typeOf[format], etag });
      if (etag !== null && isKnown(request, etag)) return reply.status(304).send(nothing());
      reply.header("content-length", archive.sizeBytes);
      if (request.method === "HEAD") return reply.send(nothing());
      return reply.sendBytes(async () => archive.open());
    },
  );
};

/** `kind` says what of it is not the package's own. */
async function dockerArchive(...args: Parameters<typeof exportDocker>) {
  const archive = await exportDocker(...args);
  return { archive, kind: `docker-${archive.generatedDigest.slice("sha256:".length)}-` };
}
