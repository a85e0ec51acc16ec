import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { ByteRange } from "#core/artifacts/blob-store.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { putLayeredFile } from "#core/images/layers/put-layered-file.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { findFile, listFiles, removeFile, type StoredFile } from "#core/models/files.ts";
import { openFileKeeper } from "#core/models/put-file.ts";
import { linkToFile, sendFile } from "#core/models/send-file.ts";
import { byteRange } from "../byte-range.ts";
import { describeDownload, dispositionOf, isKnown, nothing } from "../downloads.ts";
import { expectedDigest, takeAnyBody, withUpload } from "../request-body.ts";
import {
  File,
  fileParams,
  headers,
  NotModified,
  page,
  pageQuery,
  problems,
  Redirected,
  StreamedBytes,
  versionParams,
} from "../schemas.ts";
import { fileView, pageView } from "../views.ts";

/** Long enough to begin; what has begun goes on. */
const linkedForSeconds = 300;

const tags = ["files"];
const Bytes = { description: "The file", content: { "application/octet-stream": { schema: StreamedBytes } } };

export const fileRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  const keeper = openFileKeeper(registry);
  takeAnyBody(app);

  app.put(
    "/models/:model/versions/:version/files/*",
    {
      schema: {
        operationId: "putFile",
        description: "Streams a file into a draft. A `Content-Digest` that does not match keeps nothing.",
        tags,
        params: fileParams,
        headers: headers({ "Content-Digest": "`sha-256=:…base64…:` of the bytes (RFC 9530)" }),
        body: { content: { "application/octet-stream": { schema: Type.Unknown() } } },
        response: { 200: File, 201: File, ...problems(404, 408, 409, 413, 415, 422, 507) },
      },
    },
    async (request, reply) => {
      const { model, version, "*": path } = request.params;
      const target = { model, version, path: parseFilePath(path), expectedDigest: expectedDigest(request) };
      const { file, replaced } = await withUpload(request, (upload) =>
        putLayeredFile({ ...registry, keeper }, { ...target, ...upload }, request.actor),
      );
      return reply
        .status(replaced ? 200 : 201)
        .header("repr-digest", reprDigest(file.digest))
        .send(fileView(file));
    },
  );

  app.get(
    "/models/:model/versions/:version/files",
    {
      schema: {
        operationId: "listFiles",
        tags,
        params: versionParams,
        querystring: Type.Object(pageQuery),
        response: { 200: page(File), ...problems(404) },
      },
    },
    async ({ params, query }) => pageView(await listFiles(registry, { ...params, ...query }), (file) => file),
  );

  app.get(
    "/models/:model/versions/:version/files/*",
    {
      schema: {
        operationId: "getFile",
        description: "One range of bytes is taken; a tag's name works in place of the version.",
        tags,
        params: fileParams,
        querystring: Type.Object({
          download: Type.Optional(
            Type.Enum(["redirect"], {
              description: "To the store itself, where clients can reach it; elsewhere the bytes come from here",
            }),
          ),
        }),
        headers: headers({
          Range: "One range, e.g. `bytes=0-1023`",
          "If-Range": "The ETag that the range belongs to; of another file all is sent",
          "If-None-Match": "ETags that the caller has",
        }),
        response: { 200: Bytes, 206: Bytes, 302: Redirected, 304: NotModified, ...problems(404, 409, 416, 422) },
      },
    },
    async (request, reply) => {
      const { model, version, "*": path } = request.params;
      const file = await findFile(registry, { model, version, path: parseFilePath(path) });
      if (isKnown(request, etag(file))) {
        describe(file, reply);
        return reply.status(304).send(nothing());
      }
      // A link is good for GET alone (RFC 9110 §9.3.2 wants nothing else of HEAD than the headers).
      if (request.query.download === "redirect" && request.method === "GET") {
        const options = { disposition: dispositionOf(file.path), lifetimeSeconds: linkedForSeconds };
        const link = await linkToFile(registry, file, options);
        if (link !== null) return reply.status(302).header("location", link.url).send(nothing());
      }
      const range = rangeOf(request, reply, file);
      describe(file, reply);
      if (range === null) reply.header("content-length", file.sizeBytes);
      else
        reply
          .status(206)
          .header("content-range", `bytes ${range.start}-${range.end}/${file.sizeBytes}`)
          .header("content-length", range.end - range.start + 1);
      if (request.method === "HEAD") return reply.send(nothing());
      return reply.sendBytes(() => sendFile(registry, file, range ?? undefined));
    },
  );

  app.delete(
    "/models/:model/versions/:version/files/*",
    {
      schema: {
        operationId: "deleteFile",
        tags,
        params: fileParams,
        response: { 204: Type.Null(), ...problems(404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { model, version, "*": path } = request.params;
      await removeFile(registry, { model, version, path: parseFilePath(path) }, request.actor);
      return reply.status(204).send(null);
    },
  );
};

function describe(file: StoredFile, reply: FastifyReply): void {
  describeDownload(reply, { name: file.path, type: "application/octet-stream", etag: etag(file) });
  reply.header("accept-ranges", "bytes").header("repr-digest", reprDigest(file.digest));
}

function etag(file: StoredFile): string {
  return `"${file.digest}"`;
}

/** RFC 9530 §3. */
function reprDigest(digest: Digest): string {
  return `sha-256=:${Buffer.from(digest.slice("sha256:".length), "hex").toString("base64")}:`;
}

/** One range of an answer to GET, or null for all of it (RFC 9110 §14.2). */
function rangeOf(request: FastifyRequest, reply: FastifyReply, file: StoredFile): ByteRange | null {
  const { range: header, "if-range": ifRange } = request.headers;
  if (header === undefined || request.method !== "GET" || (ifRange !== undefined && ifRange !== etag(file)))
    return null;
  // Where it cannot be met, the answer says what can.
  reply.header("content-range", `bytes */${file.sizeBytes}`);
  const range = byteRange(header, file.sizeBytes);
  reply.removeHeader("content-range");
  return range;
}
