import { type LookupAddress, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { isWithin, type Network } from "#core/access/networks.ts";

/** An address that is not called, though an administrator's URL leads there. */
export class RefusedTarget extends Error {}

/** Which addresses may be called. */
export interface TargetLimits {
  https: boolean;
  networks: readonly Network[];
  /** What can let one be called: `SLIPWAY_WEBHOOK_NETWORKS can let events go there`. */
  otherwise: string;
}

/** Over TLS whatever is of the public internet (no private, loopback, link-local or otherwise special address, IANA's
 *  registries of these), and in any way the networks that the settings name. */
export function mayCall(address: string, { https, networks }: Omit<TargetLimits, "otherwise">): boolean {
  if (networks.length > 0 && isWithin(networks, address)) return true;
  return https && ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

export function refusedTarget(host: string, { https, otherwise }: Omit<TargetLimits, "networks">): RefusedTarget {
  const why = https ? "is no address of the public internet" : "is not reached over TLS";
  return new RefusedTarget(`${host} ${why}: ${otherwise}`);
}

/** An address is connected to without a look-up, so a URL that holds one is looked at before. Throws `RefusedTarget`. */
export function requireCallable(url: URL, limits: TargetLimits): void {
  const host = hostOf(url);
  if (isIP(host) !== 0 && !mayCall(host, limits)) throw refusedTarget(host, limits);
}

/** Without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** Resolves a name for a socket, at the moment it connects: a name that said another address a moment ago gains nothing.
 *  Of several addresses those that may not be reached are left out. */
export function guardedLookup(target: TargetLimits): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = (addresses as LookupAddress[]).filter(({ address }) => mayCall(address, target));
      const [first] = allowed;
      if (first === undefined) return callback(refusedTarget(hostname, target), []);
      if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
