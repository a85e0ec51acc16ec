import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "#core/database/client.ts";
import type { Network } from "./networks.ts";
import type { Grant, Grants } from "./roles.ts";

/** A token that is good for something, as of a moment ago. */
export interface KnownToken {
  id: string;
  identity: string;
  grants: Grants;
  networks: Network[];
  expiresAt: Date | null;
}

/** All tokens of the database, kept in step with it by their revision. What a wrong one costs is looked up here alone:
 *  however many come, the database is asked the same small question a few dozen times a second at most. */
export interface KnownTokens {
  /** By its hash; null where no such token is good for anything. As old as `freshForMs`; a token that was made before
   *  this call is found. */
  find(hash: string): Promise<KnownToken | null>;
  /** Whether there is any. */
  some(): Promise<boolean>;
}

/** What is revoked anywhere is refused everywhere within a second. */
const freshForMs = 500;
/** Of questions after tokens that are not known. */
const spacingMs = 25;
const outdatedEveryMs = 60_000;

interface Row {
  id: string;
  hash: string;
  identity: string;
  own: Grant[];
  narrowed: Grant[] | null;
  networks: Network[];
  expiresAt: Date | null;
  good: boolean;
}

export function openKnownTokens(db: Database): KnownTokens {
  const known = new Map<string, KnownToken>();
  let revision = 0n;
  /** When the question was asked whose answer is here. */
  let asOf = Number.NEGATIVE_INFINITY;
  let lookedForOutdatedAt = 0;
  let asking: Promise<void> | null = null;

  const ask = async (): Promise<void> => {
    const early = asOf + spacingMs - performance.now();
    if (early > 0) await sleep(early);
    const askedAt = performance.now();
    const current = await revisionOf(db);
    // Of a database that was restored from a copy.
    if (current < revision) {
      known.clear();
      revision = 0n;
    }
    if (current !== revision) {
      for (const row of await changedSince(db, revision)) {
        if (row.good) known.set(row.hash, knownToken(row));
        else known.delete(row.hash);
      }
      // What changed since is read again, and is the same then.
      revision = current;
    }
    if (askedAt - lookedForOutdatedAt > outdatedEveryMs) {
      lookedForOutdatedAt = askedAt;
      for (const [hash, { expiresAt }] of known) if (isOver(expiresAt)) known.delete(hash);
    }
    asOf = askedAt;
  };
  const inStepWith = async (time: number): Promise<void> => {
    while (asOf < time) {
      asking ??= ask().finally(() => {
        asking = null;
      });
      await asking;
    }
  };
  const goodOne = (hash: string): KnownToken | null => {
    const found = known.get(hash);
    return found === undefined || isOver(found.expiresAt) ? null : found;
  };

  return {
    async find(hash) {
      const now = performance.now();
      await inStepWith(now - freshForMs);
      const found = goodOne(hash);
      if (found !== null) return found;
      await inStepWith(now);
      return goodOne(hash);
    },
    async some() {
      await inStepWith(performance.now());
      return known.size > 0;
    },
  };
}

function isOver(expiresAt: Date | null): boolean {
  return expiresAt !== null && expiresAt.getTime() <= Date.now();
}

function knownToken({ id, identity, own, narrowed, networks, expiresAt }: Row): KnownToken {
  return { id, identity, grants: narrowed === null ? [own] : [own, narrowed], networks, expiresAt };
}

async function revisionOf(db: Database): Promise<bigint> {
  const { revision } = await db.accessRevision.findUniqueOrThrow({ where: { id: 1 } });
  return revision;
}

/** At first, those that are good alone. */
function changedSince(db: Database, revision: bigint): Promise<Row[]> {
  return db.$queryRaw<Row[]>`
    SELECT t.id, t.hash, i.name AS identity, i.grants || coalesce(t.group_grants, '[]') AS own, t.grants AS narrowed, t.networks,
           t.expires_at AS "expiresAt", t.revoked_at IS NULL AND i.disabled_at IS NULL AS good
    FROM tokens t JOIN identities i ON i.id = t.identity_id
    WHERE t.id IN (
      SELECT id FROM tokens WHERE revision > ${revision}
      UNION SELECT o.id FROM tokens o JOIN identities p ON p.id = o.identity_id WHERE p.revision > ${revision})
      AND (${revision} > 0 OR (t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())))`;
}
