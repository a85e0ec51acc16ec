import { isIP } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** That the request was sent from: for rate limits, allowed networks and the audit. */
    address: string;
  }
}

/** `request.address`: the other end of the connection or, where that is a trusted proxy, the right-most address in
 *  `X-Forwarded-For` that is none (Fastify's `trustProxy`). */
export function tellAddresses(app: FastifyInstance): void {
  app.decorateRequest("address", {
    getter(this: FastifyRequest) {
      // From the other end outwards; Fastify stops at the first that is not trusted.
      const addresses = (this.ips ?? [this.ip]).map(bare).filter((text) => isIP(text) !== 0);
      return addresses.at(-1) ?? "";
    },
  });
}

/** Some proxies write the port too (`192.0.2.1:4711`, `[2001:db8::1]:4711`), and a socket that takes both families calls
 *  `192.0.2.1` `::ffff:192.0.2.1`. What is still no address (`unknown`) counts as the proxy that wrote it. */
function bare(text: string): string {
  const [, inBrackets, beforePort] = /^\[([^\]]+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text) ?? [];
  const address = inBrackets ?? beforePort ?? text;
  const [, mapped] = /^::ffff:([\d.]+)$/i.exec(address) ?? [];
  return mapped ?? address.toLowerCase();
}
