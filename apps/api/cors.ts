import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** Lets the pages of these origins call, with a token that they send themselves: a browser adds nothing of its own
 *  (Fetch, "CORS protocol"). Without any, no answer says a word of CORS and a preflight is refused as any `OPTIONS` is. */
export async function letOriginsCall(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  // The plugin's own route, for preflights of paths that lead nowhere.
  app.addHook("onRoute", (route) => {
    if (route.url === "*") route.config = { ...route.config, methodNotTaken: true };
  });
  await app.register(cors, {
    // By function, so that others hear nothing, not even a preflight's answer.
    origin: (origin, answer) => answer(null, origin !== undefined && origins.includes(origin) ? origin : false),
    strictPreflight: false,
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
    allowedHeaders: [
      "Authorization",
      "Content-Type",
      "Content-Digest",
      "Idempotency-Key",
      "If-Match",
      "If-None-Match",
      "If-Range",
      "Last-Event-ID",
      "Range",
      "X-Request-Id",
      "Tus-Resumable",
      "Upload-Checksum",
      "Upload-Length",
      "Upload-Metadata",
      "Upload-Offset",
    ],
    exposedHeaders: [
      "ETag",
      "Location",
      "Retry-After",
      "X-Request-Id",
      "Repr-Digest",
      "Content-Range",
      "Tus-Resumable",
      "Upload-Expires",
      "Upload-Length",
      "Upload-Metadata",
      "Upload-Offset",
    ],
    maxAge: preflightSeconds,
  });
}

/** A page that has been told goes on for so long after its origin has been taken away; each request is asked anew. */
const preflightSeconds = 600;
