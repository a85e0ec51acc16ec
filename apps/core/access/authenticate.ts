import { messageOf } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";
import { administrator, type Caller } from "./caller.ts";
import { type KnownToken, openKnownTokens } from "./known-tokens.ts";
import { isWithin } from "./networks.ts";
import { isSetupCode } from "./setup.ts";
import { hashOf, parseToken, sameHash } from "./token.ts";
import { unauthenticated } from "./unauthenticated.ts";

/** Tells who shows a secret. Made once a process. */
export interface Authenticator {
  /** Throws `unauthenticated`, which says nothing of why. */
  authenticate(secret: string, address: string): Promise<Caller>;
}

/** `last_used_at` is as exact as that. */
const usedEveryMs = 60_000;

/** Makes the first administrator; may do nothing else. */
const setup: Caller = { name: "setup", grants: [], tokenId: null, narrowed: false, expiresAt: null, setsUp: true };

export function openAuthenticator({ db, log, config }: Pick<Registry, "db" | "log" | "config">): Authenticator {
  const { adminToken } = config.access;
  const adminHash = adminToken === null ? null : hashOf(adminToken);
  const tokens = openKnownTokens(db);
  const usedAt = new WeakMap<KnownToken, number>();

  const noteUse = (token: KnownToken): void => {
    const now = Date.now();
    if (now - (usedAt.get(token) ?? 0) < usedEveryMs) return;
    usedAt.set(token, now);
    db.token
      .updateMany({ where: { id: token.id }, data: { lastUsedAt: new Date(now) } })
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, "the use of a token was not noted"));
  };

  return {
    async authenticate(secret, address) {
      const hash = hashOf(secret);
      if (adminHash !== null && sameHash(hash, adminHash)) return administrator;
      const parsed = parseToken(secret);
      if (parsed === null) throw unauthenticated();
      if (parsed.kind === "setup") {
        if (adminToken === null && !(await tokens.some()) && (await isSetupCode(db, hash))) return setup;
        throw unauthenticated();
      }
      const found = await tokens.find(hash);
      if (found === null || !isWithin(found.networks, address)) throw unauthenticated();
      noteUse(found);
      return callerOf(found);
    },
  };
}

function callerOf({ id, identity, grants, networks, expiresAt }: KnownToken): Caller {
  const narrowed = grants.length > 1 || networks.length > 0;
  return { name: identity, grants, tokenId: id, narrowed, expiresAt };
}
