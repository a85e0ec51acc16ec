import { SlipwayError } from "#core/errors.ts";
import type { PresentTag, TagOfModel } from "./write-move.ts";

/** What a caller demands of the tag as it is: a revision (`If-Match: "3"`), that it is there at all
 *  (`If-Match: *`), or that it is not (`If-None-Match: *`). */
export type TagCondition = { revision: readonly number[] } | "exists" | "absent" | null;

/** Throws `tag_moved`. */
export function requireCondition(
  { model, tag }: TagOfModel,
  present: PresentTag | null,
  condition: TagCondition,
): void {
  if (condition === null) return;
  const there = present !== null && present.versionId !== null;
  const holds =
    condition === "absent"
      ? !there
      : condition === "exists"
        ? there
        : there && condition.revision.includes(present.revision);
  if (holds) return;
  const state = there ? `at ${present.version}, revision ${present.revision}` : "not set";
  throw new SlipwayError("tag_moved", `${model}:${tag} is ${state}: read it again and decide anew`);
}
