import canonicalize from "canonicalize";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Digest, digestFrom, digestOf, sha256 } from "#core/artifacts/digest.ts";
import { isSlipwayError, messageOf, SlipwayError } from "#core/errors.ts";
import {
  type Answer,
  claimKey,
  extendKey,
  forget,
  type KeyClaim,
  keyReused,
  type Remember,
  releaseKey,
  rememberAnswer,
  removeOutdatedKeys,
} from "#core/idempotency/keys.ts";
import type { Registry } from "#core/registry.ts";
import { withUpload } from "./request-body.ts";

/** A client whose request died with its process waits at most so long for its key. */
const leaseMs = 6_000;

type Status = 200 | 201 | 202;

interface Answering<T> {
  status: Status | ((result: T) => Status);
  location?: (result: T) => string | null;
  view: (result: T) => Record<string, unknown>;
  /** What is kept of it and sent again; all of it unless said otherwise. */
  again?: (result: T) => Record<string, unknown>;
  /** Of a body that is streamed and so no part of the fingerprint. */
  bodyDigest?: (result: T) => Digest;
}

/** Answers a POST with what `change` makes. Where the request names an `Idempotency-Key`, the answer is kept in the
 *  transaction of the change, and the same request gets it again. A refusal changes nothing and is not kept. */
export async function answerOnce<T>(
  { db, log }: Pick<Registry, "db" | "log">,
  request: FastifyRequest,
  reply: FastifyReply,
  answering: Answering<T>,
  change: (remember: Remember<T>) => Promise<T>,
): Promise<FastifyReply> {
  const answerWith = (result: T, view = answering.view): Answer => {
    const status = typeof answering.status === "number" ? answering.status : answering.status(result);
    return {
      status,
      location: answering.location?.(result) ?? null,
      body: String(reply.serializeInput(view(result), String(status))),
      bodyDigest: answering.bodyDigest?.(result) ?? null,
    };
  };
  const key = keyOf(request);
  if (key === null) return send(reply, answerWith(await change(forget)));

  const keyed = { caller: request.actor.name, key, requestDigest: fingerprint(request) };
  const claimed = await claimKey(db, keyed, leaseMs);
  if ("answer" in claimed) {
    const { bodyDigest } = claimed.answer;
    if (bodyDigest !== null && bodyDigest !== (await digestOfBody(request))) throw keyReused();
    return send(reply.header("idempotent-replayed", "true"), claimed.answer);
  }
  const { claim } = claimed;
  const heart = setInterval(() => {
    extendKey(db, claim, leaseMs).catch((error: unknown) =>
      request.log.warn({ error: messageOf(error) }, "the lease of an Idempotency-Key was not extended"),
    );
  }, leaseMs / 3);
  try {
    const result = await change((tx, made) => rememberAnswer(tx, claim, answerWith(made, answering.again)));
    removeOutdatedKeys(db).catch((error: unknown) =>
      log.warn({ error: messageOf(error) }, "old keys were not removed"),
    );
    return send(reply, answerWith(result));
  } catch (error) {
    const lettingGo = letGo(db, claim, request);
    // Where a part is away its answer is not waited for: the lease ends by itself.
    if (isSlipwayError(error) && error.code !== "unavailable") await lettingGo;
    throw error;
  } finally {
    clearInterval(heart);
  }
}

function send(reply: FastifyReply, { status, location, body }: Answer): FastifyReply {
  if (location !== null) reply.header("location", location);
  return reply.status(status).type("application/json; charset=utf-8").serializer(asItIs).send(body);
}

const asItIs = (body: unknown): string => body as string;

/** Its lease runs out by itself where this fails. */
async function letGo(db: Registry["db"], claim: KeyClaim, request: FastifyRequest): Promise<void> {
  await releaseKey(db, claim).catch((error: unknown) =>
    request.log.warn({ error: messageOf(error) }, "an Idempotency-Key was not let go"),
  );
}

function keyOf({ headers, raw, server }: FastifyRequest): string | null {
  const key = headers["idempotency-key"];
  if (key === undefined) return null;
  // Node joins two of them to one that nobody chose.
  if ((raw.headersDistinct["idempotency-key"]?.length ?? 1) > 1)
    throw new SlipwayError("invalid_request", "a request has one Idempotency-Key: this one has several");
  if (typeof key !== "string" || !/^[\x20-\x7e]{1,255}$/.test(key))
    throw new SlipwayError("invalid_request", "an Idempotency-Key is 1 to 255 printable ASCII characters, e.g. a UUID");
  if (server.redact(key) !== key)
    throw new SlipwayError(
      "invalid_request",
      "an Idempotency-Key is kept as it is: this one holds a secret; take a UUID",
    );
  return key;
}

/** Of all that says what is asked for, but for a body that is still to be streamed. */
function fingerprint({ method, url, body }: FastifyRequest): Digest {
  return digestOf(canonicalize({ method, url, body: body ?? null }) ?? "");
}

async function digestOfBody(request: FastifyRequest): Promise<Digest> {
  return withUpload(request, async ({ body }) => {
    const hash = sha256();
    for await (const chunk of body) hash.update(chunk as Buffer);
    return digestFrom(hash);
  });
}
