import { type LookupAddress, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { isWithin, type Network } from "#core/access/networks.ts";

/** An address that events are not sent to. */
export class RefusedTarget extends Error {}

/** Whether events may go to an address: over TLS to whatever is of the public internet (no private, loopback, link-local or
 *  otherwise special address, IANA's registries of these), and in any way to the networks of SLIPWAY_WEBHOOK_NETWORKS. */
export function maySendTo(
  address: string,
  { https, networks }: { https: boolean; networks: readonly Network[] },
): boolean {
  if (networks.length > 0 && isWithin(networks, address)) return true;
  return https && ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

export function refusedTarget(host: string, https: boolean): RefusedTarget {
  const why = https ? "is no address of the public internet" : "is not reached over TLS";
  return new RefusedTarget(`${host} ${why}: SLIPWAY_WEBHOOK_NETWORKS can let events go there`);
}

/** Null where the URL may be a webhook's as far as it tells by itself; a name is looked at when its address is known. */
export function whyUrlIsRefused(url: URL, networks: readonly Network[]): string | null {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "the URL of a webhook begins with https://";
  if (url.username !== "" || url.password !== "") return "the URL of a webhook holds no user and no password";
  const https = url.protocol === "https:";
  const host = hostOf(url);
  const known = isIP(host) !== 0 ? maySendTo(host, { https, networks }) : https || networks.length > 0;
  return known ? null : refusedTarget(host, https).message;
}

/** Without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Resolves a name for a socket, at the moment it connects: a name that said another address a moment ago gains nothing.
 *  Of several addresses those that may not be reached are left out. */
export function guardedLookup(target: { https: boolean; networks: readonly Network[] }): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = (addresses as LookupAddress[]).filter(({ address }) => maySendTo(address, target));
      const [first] = allowed;
      if (first === undefined) return callback(refusedTarget(hostname, target.https), []);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
