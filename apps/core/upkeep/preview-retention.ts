import { invalidCursor, keyOf, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { findModel } from "#core/models/model.ts";
import { imageReference } from "#core/models/version.ts";
import type { Registry } from "#core/registry.ts";
import { freedBytes } from "./freed-bytes.ts";

import { type Decision, planRetention } from "./retention-plan.ts";
import { type Keeping, requireKeeping, ruleOf } from "./retention-rules.ts";

/** What would be done with the images of a model, were the next round now. */
export interface RetentionPreview {
  model: string;
  /** Null where no rule is for the model. `pattern` is null of one that is only being thought of. */
  rule: (Keeping & { pattern: string | null }) | null;
  going: number;
  /** What the registry can give back once all that go are gone; each layer counts once, with one of them. */
  freedBytes: number;
  items: (Decision & { freedBytes: number })[];
  nextCursor: string | null;
}

/** Changes nothing. By the model's own rule, or by one that is tried out before it is set. Throws `model_not_found`. */
export async function previewRetention(
  { db }: Pick<Registry, "db">,
  model: string,
  tried: Keeping | null,
  page: PageRequest | "all",
): Promise<RetentionPreview> {
  if (tried !== null) requireKeeping(tried);
  const list = "retention";
  const from = page === "all" ? 0 : placeIn(keyOf(list, page.cursor));
  const { id } = await findModel(db, model);
  const { rule, decisions } = await db.$transaction(
    async (tx) => {
      const rule = tried === null ? await ruleOf(tx, model) : { ...tried, pattern: null };
      const plan = await planRetention(tx, id, rule);
      const freed = await freedBytes(
        tx,
        plan.filter(({ goes }) => goes),
      );
      return {
        rule,
        decisions: plan.map((one) => ({ ...one, freedBytes: one.goes ? (freed.get(imageReference(one)) ?? 0) : 0 })),
      };
    },
    { isolationLevel: "RepeatableRead" },
  );
  const going = decisions.filter(({ goes }) => goes);
  const size = page === "all" ? decisions.length : pageSize(page);
  const rest = [...decisions.entries()].slice(from, from + size + 1);
  return {
    model,
    rule: rule === null ? null : shown(rule),
    going: going.length,
    freedBytes: going.reduce((sum, { freedBytes }) => sum + freedBytes, 0),
    ...pageOf(
      list,
      rest,
      size,
      ([index]) => String(index + 1),
      ([, decision]) => decision,
    ),
  };
}

/** A plan is made anew for each page: a place in it is all that can be kept. */
function placeIn(key: string | null): number {
  if (key === null) return 0;
  if (!/^\d{1,9}$/.test(key)) throw invalidCursor();
  return Number(key);
}

function shown({ pattern, keepLast, keepDays, afterTagDays }: Keeping & { pattern: string | null }) {
  return { pattern, keepLast, keepDays, afterTagDays };
}
