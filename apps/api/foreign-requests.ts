import type { FastifyRequest } from "fastify";
import { isLoopback } from "#core/config.ts";
import { SlipwayError } from "#core/errors.ts";

/** Without access control the only wall is that nothing but this machine reaches the port. A web page in a
 *  browser here could: by a name that resolves to 127.0.0.1 (DNS rebinding), or across sites. Its requests
 *  give themselves away by `Host`, `Origin` and `Sec-Fetch-Site` (Fetch Metadata, W3C). */
export function refusalOf({ headers, raw }: FastifyRequest): SlipwayError | null {
  const named = raw.rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === "host");
  if (headers.host === undefined || named.length !== 1)
    return new SlipwayError("invalid_request", "a request names its host once: send one Host header (RFC 9112 §3.2)");
  // A URL that names a host goes before the header (RFC 9112 §3.2.2).
  const [, authority = headers.host] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(raw.url ?? "") ?? [];
  const host = headers.host.toLowerCase();
  if (![host, authority.toLowerCase()].every((name) => isLoopback(name.replace(/:\d+$/, ""))))
    return new SlipwayError(
      "request_refused",
      "with access off Slipway answers to localhost and loopback addresses only: use one of them as the host",
    );
  const { origin, "sec-fetch-site": site } = headers;
  const sameOrigin = origin === undefined || origin === `http://${host}`;
  const sameSite = site === undefined || site === "same-origin" || site === "none";
  if (!sameOrigin || !sameSite)
    return new SlipwayError("request_refused", "with access off Slipway takes no requests from other sites' pages");
  return null;
}
