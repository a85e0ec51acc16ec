import type { FastifyInstance, FastifyRequest } from "fastify";
import { openAuthenticator } from "#core/access/authenticate.ts";
import { anybody, type Caller } from "#core/access/caller.ts";
import type { Right } from "#core/access/roles.ts";
import { unauthenticated } from "#core/access/unauthenticated.ts";
import { isSlipwayError } from "#core/errors.ts";
import type { RateLimits } from "./rate-limits.ts";
import { needOf, openRequirements, type StateNeed } from "./require-needs.ts";
import type { RunningRequests } from "./running-requests.ts";
import { watchRights } from "./watch-rights.ts";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
    /** For an operation whose need depends on what it finds; throws, and puts that into the audit. */
    requireRight(right: Right, on: StateNeed): void;
  }
  interface FastifyContextConfig {
    /** Answers that a method is not taken, and nothing else. */
    methodNotTaken?: true;
  }
}

/** Without a token, and without a line in the table of needs. */
const open =
  /^\/(?:healthz|readyz|openapi\.json|docs(?:\/.*)?|problems\/:code|v1\/token-exchange|v1\/sign-in(?:\/callback|\/terminal(?:\/decision)?|\/device(?:\/token)?)?)$/;

/** Open, and counted for each address as exchanges. */
const counted = new Set(["exchangeToken", "startSignIn", "finishSignIn", "startDevice", "decideTerminal"]);

/** Asks who calls before a body is read, and what an operation needs before it runs. Whatever is not open needs a token,
 *  a path that leads nowhere too. A route that is neither open nor has a line in the table of needs throws. */
export function authorize(app: FastifyInstance, running: RunningRequests, limits: RateLimits): void {
  const { registry } = app;
  const authenticator = registry.config.access.on ? openAuthenticator(registry) : null;
  const required = openRequirements(app);
  watchRights(app, running);
  app.decorateRequest("caller");
  app.decorateRequest("requireRight", function (right, on) {
    required.ofState(this, right, on);
  });

  app.addHook("onRoute", ({ schema, config, method, url }) => {
    if (!open.test(url) && config?.methodNotTaken !== true) needOf(schema?.operationId, `${method} ${url}`);
  });
  app.addHook("onRequest", async (request, reply) => {
    const { url = "", schema } = request.routeOptions;
    if (counted.has(schema?.operationId ?? "")) await limits.exchange(request);
    if (schema?.operationId === "pollDevice") await limits.requestRefused(request);
    if (open.test(url)) return;
    const identify = async (): Promise<void> => {
      const { address } = request;
      const caller = authenticator === null ? anybody : await authenticator.authenticate(secretOf(request), address);
      request.caller = caller;
      request.actor = { name: caller.name, requestId: request.id, address, tokenId: caller.tokenId };
    };
    await identify().catch(async (error: unknown) => {
      if (isSlipwayError(error, "unauthenticated")) {
        await limits.requestRefused(request);
        reply.header("www-authenticate", 'Bearer realm="Slipway"');
      }
      throw error;
    });
    await limits.requestOfCaller(request);
    await required.ofPath(request);
    if (authenticator !== null) request.checkRights = () => identify().then(() => required.ofPath(request));
  });
  app.addHook("preHandler", async (request) => {
    if (request.body === undefined) return;
    // Rights may have ended while the body came.
    await request.checkRights?.();
    await required.ofBody(request);
  });
}

/** `Bearer` (RFC 6750 §2.1). Basic is not taken: a browser would send it by itself, for whichever page asks. */
function secretOf({ headers, raw }: FastifyRequest): string {
  const bearer = /^Bearer +([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?) *$/i.exec(headers.authorization ?? "")?.[1];
  // Node keeps the first of two; who sent the second meant another.
  const times = raw.rawHeaders.filter((text, index) => index % 2 === 0 && /^authorization$/i.test(text)).length;
  if (bearer === undefined || times !== 1) throw unauthenticated();
  return bearer;
}
