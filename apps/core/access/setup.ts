import type { Database } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { insertIdentity } from "./identities.ts";
import { nextRevision } from "./revision.ts";
import { everything } from "./roles.ts";
import { hashOf, newToken, type Token } from "./token.ts";
import { insertToken, type MadeToken } from "./tokens.ts";

const codeIsGoodFor = "24 hours";

/** A code that makes the first administrator, to be shown to whoever starts the service; null where there is somebody
 *  already. Processes that start side by side have a code each, and the first that is used ends them all. */
export async function newSetupCode({ db }: Pick<Registry, "db">): Promise<Token | null> {
  const code = newToken("setup");
  const made = await db.$transaction(async (tx) => {
    await tx.$executeRaw`DELETE FROM setup_codes WHERE created_at < now() - ${codeIsGoodFor}::interval`;
    return tx.$executeRaw`
      INSERT INTO setup_codes (hash) SELECT ${hashOf(code)} WHERE NOT EXISTS (SELECT 1 FROM identities)`;
  });
  return made === 1 ? code : null;
}

export async function isSetupCode(db: Database, hash: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT 1 FROM setup_codes WHERE hash = ${hash} AND created_at >= now() - ${codeIsGoodFor}::interval`;
  return rows.length > 0;
}

/** The first administrator, with a token. Ends all setup codes. Throws `forbidden` where there is somebody already. */
export async function setUp(
  { db }: Pick<Registry, "db">,
  { name, title = "" }: { name: string; title?: string | undefined },
  actor: Actor,
  remember: Remember<MadeToken> = forget,
): Promise<MadeToken> {
  return db.$transaction(async (tx) => {
    const revision = await nextRevision(tx, actor, { administers: false });
    if ((await tx.identity.count()) > 0) throw new SlipwayError("forbidden", "Slipway is set up already");
    await tx.setupCode.deleteMany();
    const [grants = []] = everything;
    const identity = await insertIdentity(tx, { name, kind: "person", title, grants, revision }, actor);
    const made = await insertToken(tx, { identity, name: "setup", revision }, actor);
    await remember(tx, made);
    return made;
  });
}
