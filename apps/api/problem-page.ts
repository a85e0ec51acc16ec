import type { FastifyInstance } from "fastify";
import { html } from "./html.ts";
import { pageHeaders, textOf } from "./page.ts";

/** Whoever asks for HTML, as a browser does, is shown a problem as a page. */
export function showProblemsAsPages(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    const isProblem = String(reply.getHeader("content-type")).startsWith("application/problem+json");
    if (!isProblem || typeof payload !== "string" || !/\btext\/html\b/.test(request.headers.accept ?? ""))
      return payload;
    const { title, detail, instance } = JSON.parse(payload) as { title: string; detail: string; instance: string };
    reply.headers(pageHeaders({ hasForm: false })).removeHeader("content-length");
    return textOf({ title, body: html`<p>${detail}</p><p><small>Request ${instance}</small></p>` });
  });
}
