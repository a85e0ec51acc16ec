import { isIP } from "node:net";
import type { Network } from "#core/access/networks.ts";
import { hostOf, mayCall, refusedTarget, type TargetLimits } from "#core/guarded-target.ts";

/** Where events may go: guarded-target.ts. */
export function eventTarget(url: URL, networks: readonly Network[]): TargetLimits {
  const otherwise = "SLIPWAY_WEBHOOK_NETWORKS can let events go there";
  return { https: url.protocol === "https:", networks, otherwise };
}

/** Null where the URL may be a webhook's as far as it tells by itself; a name is looked at when its address is known. */
export function whyUrlIsRefused(url: URL, networks: readonly Network[]): string | null {
  if (url.protocol !== "https:" && url.protocol !== "http:") return "the URL of a webhook begins with https://";
  if (url.username !== "" || url.password !== "") return "the URL of a webhook holds no user and no password";
  const target = eventTarget(url, networks);
  const host = hostOf(url);
  const known = isIP(host) !== 0 ? mayCall(host, target) : target.https || networks.length > 0;
  return known ? null : refusedTarget(host, target).message;
}
