import { auditedModels } from "#core/audit/audited-values.ts";
import { type AuditEntry, type AuditScope, type AuditSearch, listAudit } from "#core/audit/list-audit.ts";
import type { Database } from "#core/database/client.ts";
import type { Page } from "#core/database/paging.ts";
import type { Registry } from "#core/registry.ts";
import { comparands, everyName } from "./name-pattern.ts";
import { allows, type Grants, type Need, seenPatterns } from "./roles.ts";

/** Of the audit what the grants let see, the latest first: the rows of models that may be read, and for whoever
 *  administers everything those of no model too. */
export async function readAudit(
  { db }: Pick<Registry, "db">,
  { grants, model, ...search }: AuditSearch & { grants: Grants; model?: string | undefined },
): Promise<Page<AuditEntry>> {
  const scope = model === undefined ? await scopeOf(db, grants) : { models: mayRead(grants, model) ? [model] : [] };
  const { items, nextCursor } = await listAudit({ db }, { ...search, scope });
  return { items: items.map((entry) => shownTo(grants, entry)), nextCursor };
}

async function scopeOf(db: Database, grants: Grants): Promise<AuditScope> {
  if (grants.length === 0) return { models: [] };
  if (allows(grants, administering(null))) return "everything";
  const limiting = seenPatterns(grants).find((patterns) => !patterns.includes(everyName));
  if (limiting === undefined) return "all models";
  const { names, beginnings } = comparands(limiting);
  const models = [...new Set([...names, ...(await auditedModels(db, beginnings))])];
  return { models: models.filter((name) => mayRead(grants, name)) };
}

/** Where somebody asked from, and with which token, is for administrators. A model that was renamed out of sight leaves
 *  its old name behind, and not its new one. */
function shownTo(grants: Grants, entry: AuditEntry): AuditEntry {
  const { address, tokenId } = allows(grants, administering(entry.model)) ? entry : { address: null, tokenId: null };
  const isSeen = entry.action !== "model.update" || mayRead(grants, (entry.after as { name: string }).name);
  return { ...entry, address, tokenId, after: isSeen ? entry.after : null };
}

const administering = (model: string | null): Need => ({ right: "administer", model });

function mayRead(grants: Grants, model: string): boolean {
  return allows(grants, { right: "read", model });
}
