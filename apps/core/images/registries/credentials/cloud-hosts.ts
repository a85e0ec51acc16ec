import type { RegistryAuth } from "../registry-auth.ts";

/*
 * Logins of a cloud are those of this installation itself, and good for more than its registry: they go to hosts that the
 * cloud alone can have, and to those that the settings name (SLIPWAY_CLOUD_LOGIN_HOSTS).
 */

/** `<account>.dkr.ecr.<region>.amazonaws.com`, also in the partitions of China, FIPS and dual stack. */
export const ecrHost = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;

const label = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";

const hosts: Partial<Record<RegistryAuth, { pattern: RegExp; form: string }>> = {
  ecr: { pattern: ecrHost, form: "<account>.dkr.ecr.<region>.amazonaws.com" },
  google: {
    pattern: new RegExp(`^(?:${label}\\.pkg\\.dev|(?:${label}\\.)?gcr\\.io)$`),
    form: "<location>-docker.pkg.dev or gcr.io",
  },
  azure: {
    pattern: new RegExp(`^(?:${label}\\.)+azurecr\\.(?:io|cn|us)$`),
    form: "<registry>.azurecr.io",
  },
};

export interface LoginPlace {
  host: string;
  auth: RegistryAuth;
  plainHttp: boolean;
}

/** Why this cloud's login is not sent there; null where it may be, and for logins that are no cloud's. `named` are hosts of
 *  the settings: one without a port stands for all of its ports. */
export function whyNoCloudLogin({ host, auth, plainHttp }: LoginPlace, named: readonly string[]): string | null {
  const rule = hosts[auth];
  if (rule === undefined || named.includes(host) || named.includes(host.replace(/:\d+$/, ""))) return null;
  if (!rule.pattern.test(host))
    return `the auth ${auth} is for ${rule.form}: have SLIPWAY_CLOUD_LOGIN_HOSTS name any other host that its login may go to`;
  return plainHttp ? `the auth ${auth} sends a cloud's login, which never goes without TLS` : null;
}
