import { Readable } from "node:stream";
import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { ByteRange } from "#core/artifacts/blob-store.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { SlipwayError } from "#core/errors.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { addFile, findFile, listFiles, openFile, removeFile, type StoredFile } from "#core/models/files.ts";
import { byteRange } from "../byte-range.ts";
import { expectedDigest, takeAnyBody, withUpload } from "../request-body.ts";
import {
  File,
  fileParams,
  headers,
  NotModified,
  page,
  pageQuery,
  problems,
  StreamedBytes,
  versionParams,
} from "../schemas.ts";
import { fileView, pageView } from "../views.ts";

/** Each holds a file open and some of it in memory, for as long as its client takes to read it. */
const mostDownloads = 500;

const tags = ["files"];
const Bytes = { description: "The file", content: { "application/octet-stream": { schema: StreamedBytes } } };

export const fileRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  let downloads = 0;
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
        response: { 200: File, 201: File, ...problems(404, 408, 409, 415, 422) },
      },
    },
    async (request, reply) => {
      const { model, version, "*": path } = request.params;
      const target = { model, version, path: parseFilePath(path), expectedDigest: expectedDigest(request) };
      const { file, replaced } = await withUpload(request, (upload) =>
        addFile(registry, { ...target, ...upload }, request.actor),
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
        headers: headers({
          Range: "One range, e.g. `bytes=0-1023`",
          "If-Range": "The ETag that the range belongs to; of another file all is sent",
          "If-None-Match": "ETags that the caller has",
        }),
        response: { 200: Bytes, 206: Bytes, 304: NotModified, ...problems(404, 416, 422) },
      },
    },
    async (request, reply) => {
      const { model, version, "*": path } = request.params;
      const file = await findFile(registry, { model, version, path: parseFilePath(path) });
      describe(file, reply);
      if (matches(request.headers["if-none-match"], file)) return reply.status(304).send(nothing());
      const range = rangeOf(request, reply, file);
      if (range === null) reply.header("content-length", file.sizeBytes);
      else
        reply
          .status(206)
          .header("content-range", `bytes ${range.start}-${range.end}/${file.sizeBytes}`)
          .header("content-length", range.end - range.start + 1);
      if (request.method === "HEAD") return reply.send(nothing());
      if (downloads >= mostDownloads)
        throw new SlipwayError("unavailable", `at most ${mostDownloads} files are read at once; try again shortly`);
      downloads += 1;
      const bytes = await openFile(registry, file, range ?? undefined).catch((error: unknown) => {
        downloads -= 1;
        throw error;
      });
      bytes.once("close", () => {
        downloads -= 1;
      });
      if (request.raw.socket.destroyed) bytes.destroy(); // nobody will tell it any more
      return reply.send(bytes);
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

/** A file that a user uploaded is never shown by a browser, whatever it holds. */
function describe(file: StoredFile, reply: FastifyReply): void {
  reply
    .type("application/octet-stream")
    .header("content-disposition", "attachment")
    .header("content-security-policy", "default-src 'none'; sandbox")
    .header("cache-control", "private, no-cache") // its own browser may keep it, and asks with the ETag
    .header("accept-ranges", "bytes")
    .header("etag", etag(file))
    .header("repr-digest", reprDigest(file.digest));
}

/** Fastify takes a stream alone as the body of an answer to HEAD whose length was given. */
function nothing(): Readable {
  return Readable.from([]);
}

function etag(file: StoredFile): string {
  return `"${file.digest}"`;
}

/** RFC 9530 §3. */
function reprDigest(digest: Digest): string {
  return `sha-256=:${Buffer.from(digest.slice("sha256:".length), "hex").toString("base64")}:`;
}

function matches(ifNoneMatch: string | undefined, file: StoredFile): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(etag(file));
}

/** One range, or null for all of it (RFC 9110 §14.2). */
function rangeOf(request: FastifyRequest, reply: FastifyReply, file: StoredFile): ByteRange | null {
  const { range: header, "if-range": ifRange } = request.headers;
  if (header === undefined || (ifRange !== undefined && ifRange !== etag(file))) return null;
  // Where it cannot be met, the answer says what can.
  reply.header("content-range", `bytes */${file.sizeBytes}`);
  const range = byteRange(header, file.sizeBytes);
  reply.removeHeader("content-range");
  return range;
}
