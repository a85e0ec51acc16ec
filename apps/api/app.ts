import { randomUUID } from "node:crypto";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { refusalOf } from "./foreign-requests.ts";
import { openapi } from "./openapi.ts";
import { answerClientError, answerError, answerFrameworkError, answerNotFound } from "./problem.ts";
import { takeJsonAlone } from "./request-body.ts";
import { buildRoutes } from "./routes/builds.ts";
import { fileRoutes } from "./routes/files.ts";
import { healthRoutes } from "./routes/health.ts";
import { modelRoutes } from "./routes/models.ts";
import { refuseOtherMethods } from "./routes/other-methods.ts";
import { problemRoutes } from "./routes/problems.ts";
import { tagRoutes } from "./routes/tags.ts";
import { uploadRoutes } from "./routes/uploads.ts";
import { versionRoutes } from "./routes/versions.ts";
import { refuseOddText, validatorCompiler } from "./validation.ts";

declare module "fastify" {
  interface FastifyRequest {
    actor: Actor;
  }
  interface FastifyInstance {
    registry: Registry;
    /** Aborts when the server begins to close: what follows a log ends then. */
    closing: AbortSignal;
  }
}

/** `/v1` and what is beside it. */
export async function makeApp(registry: Registry) {
  const app = fastify({
    loggerInstance: registry.log as FastifyBaseLogger,
    genReqId: (request) => acceptableId(request.headers["x-request-id"]) ?? randomUUID(),
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: "idle",
    bodyLimit: 2 * 1024 * 1024,
    routerOptions: { maxParamLength: 4_096 },
    // Both are answered below, as problems.
    return503OnClosing: false,
    http: { requireHostHeader: false },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      mark(request, reply);
      reply.raw.once("finish", () => logAccess(request, reply));
      answerFrameworkError(error, request, reply);
    },
  }).withTypeProvider<TypeBoxTypeProvider>();
  const closing = new AbortController();

  app.decorate("registry", registry);
  app.decorate("closing", closing.signal);
  app.decorateRequest("actor");
  app.setValidatorCompiler(validatorCompiler);
  takeJsonAlone(app);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerNotFound);

  app.addHook("onRequest", async (request, reply) => {
    mark(request, reply);
    request.actor = { name: "anonymous", requestId: request.id };
    const refusal = refusalOf(request);
    if (refusal !== null) throw refusal;
    if (closing.signal.aborted) throw new SlipwayError("unavailable", "Slipway is stopping; try again shortly");
  });
  app.addHook("preHandler", refuseOddText);
  app.addHook("onResponse", async (request, reply) => logAccess(request, reply));
  app.addHook("preClose", async () => closing.abort());

  await app.register(swagger, openapi);
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: true });
  const refuseRest = refuseOtherMethods(app);
  await app.register(healthRoutes);
  await app.register(problemRoutes);
  await app.register(
    async (v1) => {
      await v1.register(modelRoutes);
      await v1.register(versionRoutes);
      await v1.register(uploadRoutes);
      await v1.register(fileRoutes);
      await v1.register(buildRoutes);
      await v1.register(tagRoutes);
    },
    { prefix: "/v1" },
  );
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  refuseRest();
  return app;
}

function mark(request: FastifyRequest, reply: FastifyReply): void {
  reply.header("x-request-id", request.id).header("x-content-type-options", "nosniff");
}

/** Probes come every few seconds and say nothing new. */
const probes = new Set(["/healthz", "/readyz"]);

function logAccess(request: FastifyRequest, reply: FastifyReply): void {
  const { url: route, schema } = request.routeOptions;
  const line = {
    operation: schema?.operationId,
    method: request.method,
    url: request.url,
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
  };
  request.log[probes.has(route ?? "") ? "debug" : "info"](line, "request");
}

/** A caller's own id is taken where it is one that a log can hold. */
function acceptableId(header: string | string[] | undefined): string | null {
  return typeof header === "string" && /^[A-Za-z0-9._-]{1,128}$/.test(header) ? header : null;
}
