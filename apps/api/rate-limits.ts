import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import { type CountingRedis, openCountingRedis } from "./counting-redis.ts";
import { httpError } from "./http-error.ts";

/*
 * Counted in Redis, for all API processes together, in minutes that begin with a first request:
 *
 *   <queue prefix>:limit:token:<token id>          requests with that token
 *   <queue prefix>:limit:address:<address or /64>  requests without a valid token; with access off, all
 *   <queue prefix>:limit:exchange:<address or /64> tokens of issuers that are to be exchanged, and steps of sign-ins
 */
export interface RateLimits {
  /** Counts a request whose caller is known. Throws 429 past the limit of its token or, with access off, its address. */
  requestOfCaller: Counting;
  /** Counts a request without a valid token. Throws 429 past the limit of its address. Those with a valid token that come
   *  from there are not among them, and are served as ever. */
  requestRefused: Counting;
  /** Counts an exchange, or a step of a sign-in. Throws 429 past the limit of its address. */
  exchange: Counting;
}

type Counting = (request: FastifyRequest) => Promise<void>;

const windowMs = 60_000;
const pass: Counting = async () => {};

/** Where Redis does not count in time a request passes or is answered 503, as the settings say. Without a limit Redis is
 *  not asked anything, nor connected to. */
export async function openRateLimits(app: FastifyInstance): Promise<RateLimits> {
  const { access, queue } = app.registry.config;
  const { requestsByToken, requestsByAddress, exchangesByAddress } = access.limits;
  if (requestsByToken === null && requestsByAddress === null && exchangesByAddress === null)
    return { requestOfCaller: pass, requestRefused: pass, exchange: pass };

  const redis = await openCountingRedis(queue.url, app.registry.log);
  app.addHook("onClose", async () => redis.close());
  const openLimit = (limit: Limit) => openLimitOf(app, redis, limit);
  const byToken = await openLimit({
    kind: "token",
    max: requestsByToken,
    keyOf: ({ caller }) => caller.tokenId,
    sentence: (max) => `this token may make ${max} requests a minute`,
  });
  const byAddress = await openLimit({
    kind: "address",
    max: requestsByAddress,
    keyOf: ({ address }) => normalizeIP(address),
    sentence: (max) => `one address may make ${max} requests a minute${access.on ? " without a valid token" : ""}`,
  });
  const exchange = await openLimit({
    kind: "exchange",
    max: exchangesByAddress,
    keyOf: ({ address }) => normalizeIP(address),
    sentence: (max) => `one address may exchange tokens and sign in ${max} times a minute`,
  });
  return { requestOfCaller: access.on ? byToken : byAddress, requestRefused: byAddress, exchange };
}

interface Limit {
  kind: "token" | "address" | "exchange";
  max: number | null;
  /** Null for a request that is not counted, as the administrator's of the settings. */
  keyOf: (request: FastifyRequest) => string | null;
  sentence: (max: number) => string;
}

async function openLimitOf(
  app: FastifyInstance,
  redis: CountingRedis,
  { kind, max, keyOf, sentence }: Limit,
): Promise<Counting> {
  if (max === null) return pass;
  const { access, queue } = app.registry.config;
  let count: ReturnType<FastifyInstance["createRateLimit"]> | null = null;
  // A scope for each: the plugin has one set of options in a scope.
  await app.register(async (scope) => {
    await scope.register(rateLimit, {
      global: false,
      redis: redis.client,
      nameSpace: `${queue.prefix}:limit:${kind}:`,
      max,
      timeWindow: windowMs,
      keyGenerator: (request) => keyOf(request) ?? "",
    });
    count = scope.createRateLimit();
  });
  return async (request) => {
    if (count === null || keyOf(request) === null) return;
    const counted = await redis.soon(count(request)).catch((cause: unknown) => {
      if (access.passWithoutRedis) return null;
      throw new SlipwayError("unavailable", "requests cannot be counted, and none is served uncounted here", { cause });
    });
    if (counted === null || counted.isAllowed || !counted.isExceeded) return;
    const seconds = String(Math.max(1, counted.ttlInSeconds));
    throw httpError(429, `${sentence(max)}: try again in ${seconds} s`, {
      "retry-after": seconds,
      "ratelimit-limit": String(max),
      "ratelimit-remaining": "0",
      "ratelimit-reset": seconds,
    });
  };
}
