import { randomUUID } from "node:crypto";
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { NamePattern } from "#core/access/name-pattern.ts";
import { seesAll } from "#core/access/roles.ts";
import { databaseAway, isDatabaseAway } from "#core/database/faults.ts";
import { type ErrorCode, type Fault, isSlipwayError, SlipwayError } from "#core/errors.ts";
import { refusalOf } from "./foreign-requests.ts";
import { isHttpError } from "./http-error.ts";
import { securityHeaders } from "./security-headers.ts";
import { schemaFaults } from "./validation.ts";

/** A code without a status does not compile. */
const statusOf: Record<ErrorCode, number> = {
  invalid_request: 400,
  request_refused: 403,
  unauthenticated: 401,
  forbidden: 403,
  request_in_progress: 409,
  idempotency_key_reused: 422,
  invalid_name: 422,
  invalid_version: 422,
  invalid_path: 422,
  invalid_digest: 422,
  invalid_tag: 422,
  invalid_cursor: 400,
  invalid_metadata: 422,
  model_not_found: 404,
  model_exists: 409,
  model_in_use: 409,
  version_not_found: 404,
  version_exists: 409,
  version_sealed: 409,
  version_in_use: 409,
  draft_busy: 409,
  version_not_ready: 409,
  version_not_sealed: 409,
  version_archived: 409,
  batch_unavailable: 409,
  file_not_found: 404,
  path_taken: 409,
  too_many_files: 422,
  file_too_large: 413,
  files_verifying: 409,
  upload_not_found: 404,
  upload_busy: 423,
  upload_finished: 409,
  upload_incomplete: 409,
  upload_conflict: 409,
  direct_unavailable: 422,
  deletion_not_allowed: 403,
  store_full: 507,
  blob_not_found: 500,
  digest_mismatch: 422,
  checksum_mismatch: 460, // tus 1.0
  body_incomplete: 400,
  body_too_slow: 408,
  archive_invalid: 422,
  package_invalid: 422,
  build_not_found: 404,
  build_finished: 409,
  build_running: 409,
  proof_not_found: 404,
  proof_running: 409,
  dockerfile_not_found: 404,
  tests_not_found: 422,
  lock_not_found: 404,
  lock_invalid: 422,
  tag_not_found: 404,
  tag_reserved: 422,
  tag_taken: 409,
  tag_moved: 412,
  policy_invalid: 422,
  tag_protected: 403,
  policy_not_found: 404,
  promotion_not_found: 404,
  promotion_refused: 403,
  promotion_waits: 409,
  promotion_open: 409,
  promotion_needless: 409,
  promotion_ended: 409,
  promotion_own: 403,
  check_own: 403,
  digest_ambiguous: 409,
  revision_not_found: 404,
  revision_unset: 409,
  revision_ambiguous: 409,
  identity_not_found: 404,
  identity_exists: 409,
  token_not_found: 404,
  publisher_not_found: 404,
  publisher_invalid: 422,
  publisher_refused: 403,
  id_token_refused: 401,
  issuer_unavailable: 503,
  issuer_failed: 502,
  account_taken: 409,
  sign_in_unset: 404,
  sign_in_invalid: 400,
  sign_in_refused: 403,
  terminal_not_found: 404,
  invalid_pattern: 422,
  invalid_network: 422,
  registry_not_found: 404,
  webhook_not_found: 404,
  invalid_webhook: 422,
  delivery_not_found: 404,
  registry_invalid: 422,
  registry_from_settings: 409,
  registry_models_taken: 409,
  registry_in_use: 409,
  invalid_image: 422,
  image_unknown_host: 422,
  image_differs: 409,
  image_not_found: 404,
  image_in_use: 409,
  image_external: 409,
  image_removing: 409,
  image_present: 409,
  rule_not_found: 404,
  quota_not_found: 404,
  quota_exceeded: 409,
  space_exceeded: 507,
  range_not_satisfiable: 416,
  unavailable: 503,
  internal: 500,
};

/** What Fastify itself refuses: a body that is no JSON, too large, of an unknown type … */
const codeOfStatus: Record<number, string> = {
  400: "invalid_request",
  404: "not_found",
  405: "method_not_allowed",
  408: "request_timeout",
  410: "gone",
  412: "precondition_failed",
  413: "body_too_large",
  414: "uri_too_long",
  415: "unsupported_media_type",
  417: "expectation_failed",
  429: "too_many_requests",
  431: "headers_too_large",
};

/** RFC 9457, with `errors` as its extension member for what is wrong in detail. */
interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: { where: string; message: string }[];
}

export function titleOf(code: string): string {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function allProblems(): { code: string; status: number }[] {
  const own = Object.entries(statusOf).map(([code, status]) => ({ code, status }));
  const others = Object.entries(codeOfStatus).map(([status, code]) => ({ code, status: Number(status) }));
  return [...own, ...others.filter(({ code }) => !(code in statusOf))];
}

/** It helps to ask again. */
const passing = new Set(["request_in_progress", "upload_busy", "files_verifying"]);

export async function answerError(
  thrown: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { code, status, faults, ...translated } = translate(thrown);
  const detail = openDetail(thrown, request) ?? translated.detail;
  // Turned away by choice (stopping, at a limit, no room) is no failure.
  const isTurnedAway = isSlipwayError(thrown, "unavailable") || isSlipwayError(thrown, "issuer_unavailable");
  const byChoice = status === 507 || (isTurnedAway && thrown.cause === undefined);
  if (status >= 500 && !byChoice) request.log.error({ err: thrown }, "request failed");
  if (status === 503 || status === 429 || passing.has(code)) reply.header("retry-after", "2");
  if (isHttpError(thrown)) reply.headers(thrown.headers);
  await sendProblem(reply, request, { code, status, detail, faults });
}

function openDetail(thrown: Error, { caller }: FastifyRequest): string | null {
  if (!isSlipwayError(thrown) || thrown.openly === null || caller === undefined) return null;
  return seesAll(caller.grants, thrown.openly.pattern as NamePattern) ? thrown.openly.message : null;
}

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const detail = `there is nothing at ${request.method} ${request.url.split("?", 1)[0]?.slice(0, 200)}; /docs lists what there is`;
  return sendProblem(reply, request, { code: "not_found", status: 404, detail, faults: [] });
}

/** What comes before any route, and so before its hooks. */
export function answerFrameworkError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const known = frameworkDetails[error.code];
  const thrown = known === undefined ? error : Object.assign(new Error(known), { statusCode: error.statusCode });
  answerError(refusalOf(request) ?? thrown, request, reply).catch((err) => request.log.error({ err }, "no answer"));
}

const frameworkDetails: Record<string, string> = {
  FST_ERR_BAD_URL: "the path is no percent-encoded UTF-8: write a % itself as %25",
  FST_ERR_MAX_PARAM_LENGTH: "a part of the path is too long for any name or file here",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "a body of this type is not taken here: /docs names the types that are",
};

/** What is no HTTP request, or not a whole one: there is nothing to reply to but the socket. */
export function answerClientError(this: FastifyInstance, error: Error & { code?: string }, socket: Socket): void {
  const known = clientErrors[error.code ?? ""];
  const { code, status, detail } = known ?? { code: "invalid_request", status: 400, detail: "this is no HTTP request" };
  const instance = randomUUID();
  this.log.debug({ err: error, requestId: instance }, "a connection broke HTTP");
  // Node keeps the answer in progress under this name, and looks there itself before it writes to the socket.
  const { _httpMessage: current } = socket as Socket & { _httpMessage?: ServerResponse };
  if (error.code !== "ECONNRESET" && current?.req.complete && !current.writableFinished) {
    // What is broken came after a whole request, which is answered first.
    current.once("finish", () => answerClientError.call(this, error, socket));
    return;
  }
  if (error.code === "ECONNRESET" || !socket.writable || (current?.headersSent && !current.writableFinished)) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ type: `/problems/${code}`, title: titleOf(code), status, detail, instance });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${instance}`,
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
    "Connection: close",
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.destroySoon();
}

const clientErrors: Record<string, Pick<Translated, "code" | "status" | "detail">> = {
  HPE_HEADER_OVERFLOW: { code: "headers_too_large", status: 431, detail: "the URL and headers are longer than 16 KiB" },
  ERR_HTTP_REQUEST_TIMEOUT: { code: "request_timeout", status: 408, detail: "the request did not come in time" },
  HPE_INVALID_EOF_STATE: { code: "body_incomplete", status: 400, detail: "the request ended before its length" },
};

interface Translated {
  code: string;
  status: number;
  detail: string;
  faults: readonly Fault[];
}

function translate(thrown: FastifyError | Error): Translated {
  const error = isDatabaseAway(thrown) ? databaseAway(thrown) : thrown;
  if (error instanceof SlipwayError) {
    const status = statusOf[error.code];
    return { code: error.code, status, detail: status === 500 ? internalDetail : error.message, faults: error.faults };
  }
  if (!isFastifyError(error)) return { code: "internal", status: 500, detail: internalDetail, faults: [] };
  if (error.validation !== undefined) {
    const { faults, more } = schemaFaults(error.validation, error.validationContext ?? "body");
    const [first = { where: "the request", message: "does not fit its schema" }] = faults;
    const others = Math.max(0, faults.length - 1) + more;
    const detail = `${first.where}: ${first.message}${others > 0 ? `, and ${others} more` : ""}`;
    return { code: "invalid_request", status: 400, detail, faults };
  }
  const status = error.statusCode ?? 500;
  const code = codeOfStatus[status] ?? (status < 500 ? "invalid_request" : "internal");
  if (status < 500) return { code, status, detail: frameworkDetails[error.code] ?? error.message, faults: [] };
  return { code: "internal", status: 500, detail: internalDetail, faults: [] };
}

function isFastifyError(error: Error): error is FastifyError {
  return "code" in error || "validation" in error || "statusCode" in error;
}

const internalDetail = "something went wrong on this side; the log has it under this request's id";

/** What tells of a file, and not of the problem that comes in its place. */
const ofWhatWasMeant = ["content-disposition", "repr-digest", "accept-ranges", "etag"];

async function sendProblem(
  reply: FastifyReply,
  request: FastifyRequest,
  { code, status, detail, faults }: Translated,
): Promise<void> {
  const problem: Problem = {
    type: `/problems/${code}`,
    title: titleOf(code),
    status,
    detail,
    instance: request.id,
    ...(faults.length > 0 ? { errors: [...faults] } : {}),
  };
  for (const name of ofWhatWasMeant) {
    reply.removeHeader(name);
    reply.raw.removeHeader(name); // Fastify sets them there before it hears that a stream fails
  }
  await reply
    .status(status)
    .header("cache-control", securityHeaders["cache-control"]) // whatever the route had meant to send
    .type("application/problem+json")
    .serializer((body: Problem) => request.server.redact(JSON.stringify(body))) // what was wrong may be a secret
    .send(problem);
}
