import type { FastifyRequest } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import { isLoopback } from "#core/loopback.ts";

/** What a web page makes a browser send that is none of ours. Such requests give themselves away by `Host`, `Origin` and
 *  `Sec-Fetch-Site` (Fetch Metadata, W3C). */
export function refusalOf(request: FastifyRequest): SlipwayError | null {
  const { headers, raw } = request;
  const named = raw.rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === "host");
  if (headers.host === undefined || named.length !== 1)
    return new SlipwayError("invalid_request", "a request names its host once: send one Host header (RFC 9112 §3.2)");
  const { access, http } = request.server.registry.config;
  return access.on
    ? refusalWithAccess(request, headers.host, http.corsOrigins)
    : refusalOnLoopback(request, headers.host);
}

/** Without access control the only wall is that nothing but this machine reaches the port. A web page in a browser here
 *  could: by a name that resolves to 127.0.0.1 (DNS rebinding), or across sites. */
function refusalOnLoopback({ headers, raw }: FastifyRequest, named: string): SlipwayError | null {
  // A URL that names a host goes before the header (RFC 9112 §3.2.2).
  const [, authority = named] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(raw.url ?? "") ?? [];
  const host = named.toLowerCase();
  if (![host, authority.toLowerCase()].every((name) => isLoopback(name.replace(/:\d+$/, ""))))
    return new SlipwayError(
      "request_refused",
      "with access off Slipway answers to localhost and loopback addresses only: use one of them as the host",
    );
  const { origin } = headers;
  if ((origin !== undefined && origin !== `http://${host}`) || !isOwnSite(headers))
    return new SlipwayError("request_refused", "with access off Slipway takes no requests from other sites' pages");
  return null;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** A link of another site may lead there, as the provider's does that people sign in at. */
    arrival?: true;
  }
}

/** With it a page has to have a token and send it by itself, since a browser keeps none. It is refused all the same, and
 *  its token not looked at, unless its origin was named. A link may lead to the open pages. */
function refusalWithAccess(
  { headers, method, routeOptions }: FastifyRequest,
  host: string,
  origins: readonly string[],
): SlipwayError | null {
  const { origin } = headers;
  if (origin !== undefined && origins.includes(origin)) return null;
  if (isOwnSite(headers) && (origin === undefined || isOfHost(origin, host))) return null;
  const isRead = method === "GET" || method === "HEAD";
  const isOpenPage = routeOptions.url?.startsWith("/v1/") === false;
  const isArrival = routeOptions.config?.arrival === true && headers["sec-fetch-mode"] === "navigate";
  if (isRead && origin === undefined && (isOpenPage || isArrival)) return null;
  return new SlipwayError(
    "request_refused",
    "another site's page sent this: an operator can name its origin in SLIPWAY_CORS_ORIGINS",
  );
}

/** Also of whoever is no browser, and says nothing. */
function isOwnSite({ "sec-fetch-site": site }: FastifyRequest["headers"]): boolean {
  return site === undefined || site === "same-origin" || site === "none";
}

/** Whatever the scheme: behind a proxy that speaks TLS ours is another. */
function isOfHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false; // `null`, of a sandbox
  const own = new URL(origin);
  // Reading the host in the same scheme takes away the port that goes without saying.
  const asked = `${own.protocol}//${host}`;
  return URL.canParse(asked) && new URL(asked).host === own.host;
}
