import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Server } from "@tus/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";
import { type Checksum, checksumAlgorithms } from "#core/uploads/append-upload.ts";
import { openRunningUploads } from "#core/uploads/running-uploads.ts";
import { nothing } from "../downloads.ts";
import { httpError } from "../http-error.ts";
import { takeAnyBody, withUpload } from "../request-body.ts";
import { headers, problems, uploadParams, versionParams } from "../schemas.ts";
import { TusStore } from "../tus-store.ts";

const tags = ["uploads"];
const protocol = "tus 1.0 (https://tus.io/protocols/resumable-upload)";
const at = "/models/:model/versions/:version/resumable";
const tusResumable = { "Tus-Resumable": "`1.0.0`" };
const bytesHeaders = {
  "Upload-Offset": "Where the bytes go: as far as the upload is",
  "Upload-Checksum": "`sha256 <base64>` of the bytes of this request; also sha1 and md5",
};
const byteBody = { content: { "application/offset+octet-stream": { schema: Type.Unknown() } } };

const noLocks = { newLock: () => ({ lock: async () => {}, unlock: async () => {} }) };

/** Files over poor networks, by any client that speaks tus. */
export const resumableRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const registry = { ...app.registry, running: openRunningUploads() };
  takeAnyBody(app);

  /** @tus/server reads the headers and says what is answered. It is told of no body: that goes straight to the store. */
  const answer = (request: FastifyRequest, reply: FastifyReply): Promise<void> =>
    withUpload(request, async (body) => {
      const { model, version, id } = request.params as { model: string; version: string; id?: string };
      if (request.method !== "OPTIONS" && request.headers["tus-resumable"] !== "1.0.0") throw otherVersion();
      let failure: unknown = null;
      const isResuming = request.method === "HEAD";
      const checksum = checksumOf(request);
      const { actor } = request;
      const server = new Server({
        path: request.url.replace(/[?#].*$/, ""),
        relativeLocation: true,
        datastore: new TusStore({ registry, model, version, actor, body, checksum, isResuming }),
        locker: noLocks, // the row of an upload has its one writer, whichever process that is in
        getFileIdFromRequest: () => id,
        onResponseError: (_request, error) => {
          failure = error;
          return undefined;
        },
      });
      const answered = await server.handleWeb(
        new Request(`http://localhost${request.url}`, { method: request.method, headers: headersOf(request) }),
      );
      for (const [name, value] of answered.headers)
        if (!name.startsWith("access-control-") && name !== "content-length" && name !== "content-type")
          reply.header(name, value);
      if (request.method === "OPTIONS") reply.header("tus-checksum-algorithm", checksumAlgorithms.join(","));
      if (failure instanceof Error) throw failure;
      if (answered.status >= 400) throw refusal(answered.status, await answered.text());
      reply.status(answered.status);
      await reply.send(answered.status === 204 ? null : nothing());
    });

  app.post(
    at,
    {
      schema: {
        operationId: "createResumable",
        description: `Starts a file that comes in any number of requests: ${protocol}. \`Upload-Metadata\` has its \`path\`, and its \`digest\` where it is known.`,
        tags,
        params: versionParams,
        headers: headers({
          ...tusResumable,
          "Upload-Length": "Bytes of the whole file",
          "Upload-Metadata": "`path <base64>`, and perhaps `,digest <base64 of sha256:…>`",
          "Upload-Checksum": bytesHeaders["Upload-Checksum"],
        }),
        body: byteBody,
        response: { 201: Type.Null(), ...problems(404, 408, 409, 410, 412, 413, 422, 423, 460, 507) },
      },
    },
    answer,
  );

  app.head(
    `${at}/:id`,
    {
      schema: {
        operationId: "getResumable",
        description: "Where the upload stands: `Upload-Offset`. A request that still sends to it is ended.",
        tags,
        params: uploadParams,
        headers: headers(tusResumable),
        response: { 200: Type.Null(), ...problems(404, 409, 410, 412, 423) },
      },
    },
    answer,
  );

  app.patch(
    `${at}/:id`,
    {
      schema: {
        operationId: "appendResumable",
        description: "Sends on. With the last byte it is a file, or `verifying` where a worker has to read it first.",
        tags,
        params: uploadParams,
        headers: headers({ ...tusResumable, ...bytesHeaders }),
        body: byteBody,
        response: { 204: Type.Null(), ...problems(404, 408, 409, 410, 412, 413, 422, 423, 460, 507) },
      },
    },
    answer,
  );

  app.delete(
    `${at}/:id`,
    {
      schema: {
        operationId: "deleteResumable",
        description: "Ends an upload in progress; its bytes are removed.",
        tags,
        params: uploadParams,
        headers: headers(tusResumable),
        response: { 204: Type.Null(), ...problems(404, 409, 412) },
      },
    },
    answer,
  );

  app.options(
    at,
    {
      schema: {
        operationId: "describeResumable",
        description: "Which of the protocol's extensions are served.",
        tags,
        params: versionParams,
        response: { 204: Type.Null(), ...problems(404) },
      },
    },
    answer,
  );
};

function headersOf({ headers }: FastifyRequest): Headers {
  const own = new Headers();
  for (const [name, value] of Object.entries(headers))
    if (typeof value === "string" && !name.startsWith("x-forwarded-")) own.set(name, value);
  return own;
}

/** Tus 1.0, "Checksum": `<algorithm> <base64>`. */
function checksumOf({ headers }: FastifyRequest): Checksum | null {
  const header = headers["upload-checksum"];
  if (header === undefined) return null;
  const [, name, text = ""] = /^(\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(String(header)) ?? [];
  const algorithm = checksumAlgorithms.find((known) => known === name);
  if (algorithm === undefined)
    throw httpError(
      400,
      `Upload-Checksum is written <algorithm> <base64>, with one of ${checksumAlgorithms.join(", ")}`,
    );
  return { algorithm, digest: Buffer.from(text, "base64") };
}

/** A refusal of @tus/server's own, in words that say what to change. */
function refusal(status: number, text: string): Error {
  const message = text.trim();
  const [, header] = /^Invalid ([a-z-]+)/.exec(message) ?? [];
  if (header !== undefined) return httpError(400, `${header} is not written as tus 1.0 wants it, or comes twice`);
  if (status === 409)
    return new SlipwayError("upload_conflict", "the upload is not at this Upload-Offset: ask by HEAD how far it is");
  if (status === 413) return new SlipwayError("file_too_large", "more bytes come than Upload-Length has announced");
  if (message.startsWith("Upload-Length"))
    return httpError(400, "announce the bytes of the whole file in Upload-Length");
  // It has a status of its own mind for a header that is missing, and for an extension that is not served.
  return httpError(status === 403 || status === 501 ? 400 : status, message);
}

function otherVersion(): Error {
  return httpError(412, "this is tus 1.0: send the header Tus-Resumable: 1.0.0", { "tus-version": "1.0.0" });
}
