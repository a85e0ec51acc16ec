import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { oneLine } from "#core/policies/json-value.ts";
import type { Verdict } from "#core/policies/verdict.ts";
import type { Registry } from "#core/registry.ts";

/** One answer that does not come is no absence. */
const awayAfterMs = 5_000;

/** Why the registry that has a version's image is known to be away, in one line: it has taken no tag for some seconds, and none
 *  since. Null where nobody has found it so. The registry itself is not asked: who asks this has a transaction open. It is
 *  tried again once a minute at the least, so it is known to be back a minute later at the most. */
export async function registryAway(tx: Transaction, versionId: string): Promise<string | null> {
  const [away] = await tx.$queryRaw<{ reason: string }[]>`
    SELECT s.reason
    FROM versions v JOIN images i ON i.id = v.image_id JOIN tag_syncs s ON s.registry = i.registry
    WHERE v.id = ${versionId}::uuid AND s.reason IS NOT NULL
      AND s.unanswered_since < now() - ${awayAfterMs} * interval '1 millisecond'
      AND s.unanswered_since > coalesce(
        (SELECT max(o.changed_at) FROM tag_syncs o WHERE o.registry = i.registry AND o.status = 'synced'), '-infinity')
    ORDER BY s.unanswered_since LIMIT 1`;
  return away?.reason ?? null;
}

/** The same where the settings have no tag move meanwhile; else null. */
export async function whyHeldBack(
  tx: Transaction,
  { tags }: Registry["config"],
  versionId: string,
): Promise<string | null> {
  return tags.whileAway === "refuse" ? registryAway(tx, versionId) : null;
}

/** As a promotion that waits for it shows it. */
export function heldBack(away: string): Verdict {
  const reason = `no tag moves while the registry is away (SLIPWAY_PROMOTE_WHILE_AWAY): ${oneLine(away)}`;
  return { policy: null, rule: "registry", status: "waiting", reason, holdsAt: null };
}

/** Throws `unavailable`. */
export async function requireRegistry(tx: Transaction, config: Registry["config"], versionId: string): Promise<void> {
  const away = await whyHeldBack(tx, config, versionId);
  if (away === null) return;
  throw new SlipwayError(
    "unavailable",
    `no tag moves while the registry is away (SLIPWAY_PROMOTE_WHILE_AWAY), and it is: ${away}`,
  );
}
