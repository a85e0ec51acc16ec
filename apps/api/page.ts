import { createHash } from "node:crypto";
import type { FastifyReply } from "fastify";
import { type Html, html } from "./html.ts";

const style = `body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}
code{font-size:1.05em;overflow-wrap:anywhere;user-select:all}
dd{border-left:.2rem solid;padding-left:.6rem;margin:0 0 .5rem;overflow:hidden;overflow-wrap:anywhere}
button,input{font:inherit;padding:.3rem .8rem;margin:.3rem .5rem .3rem 0}`;

/** No script, nothing from elsewhere, in no frame; forms come back here (CSP Level 3). */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** On every page, beside what is on every answer. A form says where it comes from, which `no-referrer` would have a browser
 *  leave out (Fetch, "append a request Origin header"). */
export function pageHeaders({ hasForm }: { hasForm: boolean }): Record<string, string> {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": hasForm ? "same-origin" : "no-referrer",
  };
}

export interface Page {
  title: string;
  body: Html;
  hasForm?: boolean;
}

export function sendPage(reply: FastifyReply, { title, body, hasForm = false }: Page): FastifyReply {
  return reply
    .headers(pageHeaders({ hasForm }))
    .serializer((text: unknown) => text as string)
    .send(textOf({ title, body }));
}

export function textOf({ title, body }: Page): string {
  const styled = { markup: style };
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${styled}</style></head>
<body><h1>${title}</h1>
${body}
</body></html>
`.markup;
}
