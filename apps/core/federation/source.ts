import type { Transaction } from "#core/database/client.ts";
import type { Actor } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { Provider } from "./providers.ts";

/** The pipeline's run that a version came from, as the run's issuer signed it; null for what it did not say. */
export interface VersionSource {
  provider: Provider;
  issuer: string;
  /** The rule that let it in. */
  publisher: string;
  /** `sub` */
  subject: string | null;
  repository: string | null;
  repositoryId: string | null;
  ref: string | null;
  commit: string | null;
  workflow: string | null;
  environment: string | null;
  runId: string | null;
  runUrl: string | null;
}

/** What is sealed as the source of a draft: null unless all of it, its making, every file and its seal, came from one run. A
 *  run in several jobs has several tokens; files that were taken over from another version are whoever's sent them there. The caller holds the draft's lock. */
export async function sourceOfDraft(tx: Transaction, versionId: string, actor: Actor): Promise<VersionSource | null> {
  if (actor.tokenId === null) return null;
  const rows = await tx.$queryRaw<{ id: string | null; source: VersionSource | null }[]>`
    WITH hands AS (
      SELECT CASE WHEN after->>'from' IS NULL THEN token_id END AS token_id FROM audit
      WHERE object_id = ${versionId} AND action IN ('version.create', 'file.put', 'file.delete')
      UNION SELECT ${actor.tokenId}::uuid)
    SELECT t.id, t.source FROM hands LEFT JOIN tokens t ON t.id = hands.token_id`;
  const source = rows.find(({ id }) => id === actor.tokenId)?.source ?? null;
  const isWhole = source !== null && rows.every((row) => row.source !== null && isSameRun(row.source, source));
  return isWhole ? source : null;
}

function isSameRun(one: VersionSource, other: VersionSource): boolean {
  const saidOf = ({ issuer, repositoryId, commit, runId, subject }: VersionSource) =>
    JSON.stringify([issuer, repositoryId, commit, runId ?? { subject }]);
  return saidOf(one) === saidOf(other);
}

export function sourceJson(source: VersionSource | null): Prisma.InputJsonObject | typeof Prisma.DbNull {
  return source === null ? Prisma.DbNull : { ...source };
}
