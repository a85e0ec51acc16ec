import { randomUUID } from "node:crypto";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastJson, { type Schema as FastJsonSchema } from "fast-json-stringify";
import fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import { openRegistries, type Registries } from "#core/images/registries/open-registries.ts";
import { type Redact, redactor } from "#core/redact.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { runAfterAnswers } from "./after-answer.ts";
import { authorize } from "./authorize.ts";
import { tellAddresses } from "./client-address.ts";
import { closeQuery } from "./closed-query.ts";
import { mostAtWork, mostInLine, trackConnections } from "./connections.ts";
import { letOriginsCall } from "./cors.ts";
import { limitDownloads } from "./downloads.ts";
import { drainOnClose, stopping } from "./drain.ts";
import { refusalOf } from "./foreign-requests.ts";
import { httpError } from "./http-error.ts";
import { takeJsonAlone } from "./json-body.ts";
import { onFirstUse } from "./on-first-use.ts";
import { openapi } from "./openapi.ts";
import { answerClientError, answerError, answerFrameworkError, answerNotFound } from "./problem.ts";
import { openRateLimits } from "./rate-limits.ts";
import { headerRefusal, takeExpectations } from "./refused-headers.ts";
import { auditRoutes } from "./routes/audit.ts";
import { buildRoutes } from "./routes/builds.ts";
import { cardRoutes } from "./routes/cards.ts";
import { checkRoutes } from "./routes/checks.ts";
import { comparisonRoutes } from "./routes/comparisons.ts";
import { deploymentRoutes } from "./routes/deployments.ts";
import { eventRoutes } from "./routes/events.ts";
import { fileUploadRoutes } from "./routes/file-uploads.ts";
import { fileRoutes } from "./routes/files.ts";
import { healthRoutes } from "./routes/health.ts";
import { identityRoutes } from "./routes/identities.ts";
import { imageRoutes } from "./routes/images.ts";
import { knownFileRoutes } from "./routes/known-files.ts";
import { meRoutes } from "./routes/me.ts";
import { modelRoutes } from "./routes/models.ts";
import { offerRoutes } from "./routes/offers.ts";
import { refuseOtherMethods } from "./routes/other-methods.ts";
import { packageRoutes } from "./routes/packages.ts";
import { policyRoutes } from "./routes/policies.ts";
import { problemRoutes } from "./routes/problems.ts";
import { promotionRoutes } from "./routes/promotions.ts";
import { proofRoutes } from "./routes/proofs.ts";
import { publisherRoutes } from "./routes/publishers.ts";
import { quotaRoutes } from "./routes/quotas.ts";
import { registryRoutes } from "./routes/registries.ts";
import { resumableRoutes } from "./routes/resumable.ts";
import { retentionRoutes } from "./routes/retention.ts";
import { signInRoutes } from "./routes/sign-in.ts";
import { signInPages } from "./routes/sign-in-pages.ts";
import { tagRoutes } from "./routes/tags.ts";
import { tokenExchangeRoutes } from "./routes/token-exchange.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { uploadRoutes } from "./routes/uploads.ts";
import { versionRoutes } from "./routes/versions.ts";
import { webhookRoutes } from "./routes/webhooks.ts";
import { trackRequests } from "./running-requests.ts";
import { securityHeaders } from "./security-headers.ts";
import { openSignIn, type SignIn } from "./sign-in.ts";
import { endSlowReaders } from "./slow-readers.ts";
import { endUnreadBodies } from "./unread-bodies.ts";
import { refuseOddText, validatorCompiler } from "./validation.ts";

declare module "fastify" {
  interface FastifyRequest {
    actor: Actor;
    /** Of the build that the request asked for, for its line in the log. */
    buildId: string | null;
  }
  interface FastifyContextConfig {
    /** What stands in the query is for nobody else, the log's readers among them. */
    secretQuery?: true;
  }
  interface FastifyInstance {
    registry: Registry;
    /** Image registries by name, for what is asked of them at once. */
    registries: Registries;
    /** For what goes out with words of the request in it. */
    redact: Redact;
    /** Where people sign in; null where nobody does. */
    signIn: SignIn | null;
  }
}

/** What the documentation's page needs and no more (CSP Level 3); Swagger UI sets styles on its elements. */
const docsPolicy = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": ["'self'", "'unsafe-inline'"],
  "img-src": ["'self'", "data:"],
  "connect-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
};

const limits = {
  /** Headers fit into one packet or a few; a client that sends them byte by byte is let go. */
  headersMs: 15_000,
  lookEveryMs: 5_000,
  /** Load balancers keep a connection for a minute: ours must not be the side that closes it under a request. */
  keptAliveMs: 72_000,
};

/** `/v1` and what is beside it. A connection may be used for any number of requests: the thousandth costs what the first
 *  does. Bodies have limits of their own: json-body.ts, request-body.ts. */
export async function makeApp(registry: Registry) {
  const { trustedProxies, corsOrigins } = registry.config.http;
  const redact = redactor(registry.config);
  const app = fastify({
    loggerInstance: registry.log as FastifyBaseLogger,
    genReqId: (request) => acceptableId(request.headers["x-request-id"], redact) ?? randomUUID(),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 4_096 },
    // Both are answered below, as problems.
    return503OnClosing: false,
    http: {
      requireHostHeader: false,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.lookEveryMs,
    },
    keepAliveTimeout: limits.keptAliveMs,
    trustProxy: trustedProxies.length > 0 && trustedProxies,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      mark(request, reply);
      reply.raw.once("finish", () => logAccess(request, reply));
      answerFrameworkError(error, request, reply);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  const connections = trackConnections(app.server);
  endSlowReaders(app.server);

  app.decorate("registry", registry);
  const registries = openRegistries(registry);
  app.decorate("registries", registries);
  app.addHook("onClose", () => registries.close());
  app.decorate("redact", redact);
  app.decorate("signIn", openSignIn(app));
  app.decorateRequest("actor");
  app.decorateRequest("buildId", null);
  tellAddresses(app);
  limitDownloads(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(({ schema }) => onFirstUse(() => fastJson(schema as FastJsonSchema)));
  takeJsonAlone(app);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNotFound);

  app.addHook("onRequest", async (request, reply) => {
    mark(request, reply);
    const refusal = refusalOf(request) ?? headerRefusal(request);
    if (refusal !== null) throw refusal;
    if (connections.isPastLine(request.raw))
      throw httpError(429, `at most ${mostInLine} requests are taken in line on a connection: read the answers first`);
    if (app.closing.aborted) throw stopping();
    if (!probes.has(request.routeOptions.url ?? "") && !connections.takeUp(request.raw, reply.raw))
      throw new SlipwayError("unavailable", `at most ${mostAtWork} connections are served at once; try again shortly`);
  });
  app.addHook("preHandler", refuseOddText);
  app.addHook("onResponse", async (request, reply) => {
    logAccess(request, reply);
    if (!reading.has(request.method) && reply.statusCode < 400) registry.doorbell.announce();
  });
  endUnreadBodies(app);
  runAfterAnswers(app);
  await letOriginsCall(app, corsOrigins); // before anyone asks for a token: a preflight has none
  const running = trackRequests(app);
  authorize(app, running, await openRateLimits(app));
  drainOnClose(app, connections, running);
  app.server.maxHeadersCount = 0; // their size is limited; Node would drop what comes past the two-thousandth unseen
  takeExpectations(app);

  await app.register(swagger, openapi(registry.config.access.on));
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: docsPolicy });
  const refuseRest = refuseOtherMethods(app);
  await app.register(healthRoutes);
  await app.register(problemRoutes);
  await app.register(
    async (v1) => {
      v1.addHook("onRoute", closeQuery);
      await v1.register(modelRoutes);
      await v1.register(versionRoutes);
      await v1.register(uploadRoutes);
      await v1.register(fileRoutes);
      await v1.register(fileUploadRoutes);
      await v1.register(resumableRoutes);
      await v1.register(knownFileRoutes);
      await v1.register(packageRoutes);
      await v1.register(offerRoutes);
      await v1.register(cardRoutes);
      await v1.register(deploymentRoutes);
      await v1.register(buildRoutes);
      await v1.register(proofRoutes);
      await v1.register(imageRoutes);
      await v1.register(retentionRoutes);
      await v1.register(tagRoutes);
      await v1.register(promotionRoutes);
      await v1.register(checkRoutes);
      await v1.register(policyRoutes);
      await v1.register(comparisonRoutes);
      await v1.register(meRoutes);
      await v1.register(identityRoutes);
      await v1.register(tokenRoutes);
      await v1.register(publisherRoutes);
      await v1.register(tokenExchangeRoutes);
      await v1.register(signInRoutes);
      await v1.register(auditRoutes);
      await v1.register(eventRoutes);
      await v1.register(webhookRoutes);
      await v1.register(quotaRoutes);
      await v1.register(registryRoutes);
    },
    { prefix: "/v1" },
  );
  await app.register(signInPages, { prefix: "/v1" }); // their queries hold what a provider adds
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  refuseRest();
  return app;
}

function mark(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id).headers(securityHeaders);
}

/** They come every few seconds, say nothing new, and are answered however much else is asked: who is not answered them
 *  takes the process for dead, and kills it. */
const probes = new Set(["/healthz", "/readyz"]);

/** Methods that change nothing that is to be told. */
const reading = new Set(["GET", "HEAD", "OPTIONS"]);

function logAccess(request: FastifyRequest, reply: FastifyReply): void {
  const { url: route, schema, config } = request.routeOptions;
  const line = {
    operation: schema?.operationId,
    method: request.method,
    url: config?.secretQuery === true ? request.url.split("?", 1)[0] : request.url,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
    ...(request.buildId === null ? {} : { buildId: request.buildId }),
  };
  request.log[probes.has(route ?? "") ? "debug" : "info"](line, "request");
}

/** A caller's own id is taken where it is one that a log can hold, and no secret. */
function acceptableId(header: string | string[] | undefined, redact: Redact): string | null {
  return typeof header === "string" && /^[A-Za-z0-9._-]{1,128}$/.test(header) && redact(header) === header
    ? header
    : null;
}
