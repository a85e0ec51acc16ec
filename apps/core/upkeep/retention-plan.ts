import type { Transaction } from "#core/database/client.ts";
import { promotedTags } from "#core/promotion/tag-name.ts";
import { type ImageFacts, readModelImages } from "./model-images.ts";
import type { Keeping } from "./retention-rules.ts";
import { dayOf, leftTags } from "./tag-history.ts";

/** What a rule does with an image, and why. */
export interface Decision extends ImageFacts {
  goes: boolean;
  why: string;
}

const dayMs = 86_400_000;
/** One that the registry would not remove is asked for again after that. */
const keptBackMs = 7 * dayMs;

/** What a rule does with each image of a model that its registry has, the newest first; without a rule all stay. The same plan
 *  is shown before and gone by after: preview-retention.ts, apply-retention.ts. */
export async function planRetention(tx: Transaction, modelId: string, rule: Keeping | null): Promise<Decision[]> {
  const images = await readModelImages(tx, modelId);
  if (rule === null) return images.map((image) => ({ ...image, goes: false, why: "no rule is for its model" }));
  const now = new Date();
  const left = await leftTags(tx, modelId, rule.afterTagDays);
  const last = new Set(lastVersions(images).slice(0, rule.keepLast ?? 0));
  return images.map((image) => {
    const why = whyKept(image, { rule, now, isLast: last.has(image.number), left: left.get(image.digest) });
    return { ...image, goes: why === null, why: why ?? whyItGoes(image, rule) };
  });
}

/** Numbers of the versions that can still be tagged, the newest first. */
function lastVersions(images: readonly ImageFacts[]): number[] {
  const numbers = images.filter(({ isOwn, isInUse }) => isOwn && isInUse).map(({ number }) => number);
  return [...new Set(numbers)].sort((a, b) => b - a);
}

function whyKept(
  image: ImageFacts,
  of: { rule: Keeping; now: Date; isLast: boolean; left: { tag: string; leftAt: Date } | undefined },
): string | null {
  const { rule, now, left } = of;
  const ageMs = now.getTime() - image.createdAt.getTime();
  if (image.isExternal) return "built elsewhere: removed where it was pushed from";
  if (image.index !== null) return `listed by the index ${image.index}`;
  const promoted = promotedTags(image.tags);
  if (promoted.length > 0) return `under ${promoted.join(", ")}`;
  if (image.awaitedBy !== null) return `${image.awaitedBy} waits to move to it`;
  if (left !== undefined) return `under ${left.tag} until ${dayOf(left.leftAt)}`;
  if (image.isBuilding) return "its version is being built";
  if (image.isOwn && image.isInUse && of.isLast) return `one of the last ${rule.keepLast} versions`;
  if (rule.keepDays !== null && ageMs < rule.keepDays * dayMs) return `younger than ${rule.keepDays} days`;
  if (image.reason !== null && now.getTime() - image.changedAt.getTime() < keptBackMs) return image.reason;
  return null;
}

function whyItGoes({ isOwn, isInUse }: ImageFacts, { keepLast, keepDays }: Keeping): string {
  const reasons = [
    ...(isOwn ? [] : ["of a build that its version does not show"]),
    ...(isOwn && !isInUse ? ["its version is archived or deleted"] : []),
    ...(isOwn && isInUse && keepLast !== null ? [`not one of the last ${keepLast} versions`] : []),
    ...(keepDays === null ? [] : [`${keepDays} days or older`]),
  ];
  return reasons.join(", ");
}
