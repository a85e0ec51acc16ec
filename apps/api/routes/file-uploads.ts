import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseDigest } from "#core/artifacts/digest.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { abandonUpload } from "#core/uploads/abandon-upload.ts";
import {
  completeDirectUpload,
  readUploadWithParts,
  signParts,
  startDirectUpload,
} from "#core/uploads/direct-upload.ts";
import { listUploads } from "#core/uploads/list-uploads.ts";
import type { Upload as UploadRecord } from "#core/uploads/upload.ts";
import { answerOnce } from "../answer-once.ts";
import {
  NewUpload,
  onceHeaders,
  PartsToSign,
  page,
  pageQuery,
  problems,
  SignedParts,
  Upload,
  uploadParams,
  versionParams,
} from "../schemas.ts";
import { pageView, signedPartView, uploadView } from "../views.ts";

const tags = ["uploads"];

/** Files over more than one request; those that come through the API have routes of their own (tus). */
export const fileUploadRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/models/:model/versions/:version/uploads",
    {
      schema: {
        operationId: "createUpload",
        description:
          "Starts a file whose parts its client sends to the store itself: sign them, send them, and complete the upload.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        body: NewUpload,
        response: { 201: Upload, ...problems(404, 409, 413, 415, 422, 507) },
      },
    },
    async (request, reply) => {
      const { model, version } = request.params;
      const { path, sizeBytes, digest } = request.body;
      const input = { model, version, path: parseFilePath(path), sizeBytes, digest: parseDigest(digest) };
      const made = {
        status: 201,
        location: ({ id }: UploadRecord) => `/v1/models/${model}/versions/${version}/uploads/${id}`,
        view: (upload: UploadRecord) => uploadView(upload),
      } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        startDirectUpload(registry, input, request.actor, remember),
      );
    },
  );

  app.get(
    "/models/:model/versions/:version/uploads",
    {
      schema: {
        operationId: "listUploads",
        description: "Those in progress, and those that have failed.",
        tags,
        params: versionParams,
        querystring: Type.Object(pageQuery),
        response: { 200: page(Upload), ...problems(404) },
      },
    },
    async ({ params, query }) =>
      pageView(await listUploads(registry, { ...params, ...query }), (item) => uploadView(item)),
  );

  app.get(
    "/models/:model/versions/:version/uploads/:id",
    {
      schema: {
        operationId: "getUpload",
        description: "With the parts that the store has of it, where it is one that is sent there.",
        tags,
        params: uploadParams,
        response: { 200: Upload, ...problems(404) },
      },
    },
    async ({ params }) => {
      const { upload, parts } = await readUploadWithParts(registry, params);
      return uploadView(upload, parts);
    },
  );

  app.delete(
    "/models/:model/versions/:version/uploads/:id",
    {
      schema: {
        operationId: "deleteUpload",
        description: "Ends an upload in progress; its bytes are removed.",
        tags,
        params: uploadParams,
        response: { 204: Type.Null(), ...problems(404, 409) },
      },
    },
    async ({ params }, reply) => {
      await abandonUpload(registry, params);
      return reply.status(204).send(null);
    },
  );

  app.post(
    "/models/:model/versions/:version/uploads/:id/parts",
    {
      schema: {
        operationId: "signParts",
        description:
          "A request to the store for each part, good for an hour: send the part's bytes with the headers as they stand. The store refuses other bytes. Changes nothing, and may be asked again.",
        tags,
        params: uploadParams,
        body: PartsToSign,
        response: { 200: SignedParts, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async ({ params, body }) => {
      const parts = body.parts.map(({ number, digest }) => ({ number, digest: parseDigest(digest) }));
      return { parts: (await signParts(registry, params, parts)).map(signedPartView) };
    },
  );

  app.post(
    "/models/:model/versions/:version/uploads/:id/complete",
    {
      schema: {
        operationId: "completeUpload",
        description:
          "All parts are sent. A worker reads the bytes, and they become a file where they are those announced.",
        tags,
        params: uploadParams,
        headers: onceHeaders,
        response: { 202: Upload, ...problems(404, 409, 422, 423) },
      },
    },
    async (request, reply) => {
      const made = { status: 202, view: (upload: UploadRecord) => uploadView(upload) } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        completeDirectUpload(registry, request.params, request.actor, remember),
      );
    },
  );
};
