/** What is told of a change, by the action that stands in its audit row. An action that is not here (files of a draft, who
 *  may do what, settings) is in the audit and told nobody. */
export const kindOfAction = {
  "model.create": "model.created",
  "model.update": "model.updated",
  "model.delete": "model.deleted",
  "version.create": "version.created",
  "version.update": "version.updated",
  "version.seal": "version.sealed",
  "version.archive": "version.archived",
  "version.delete": "version.deleted",
  "build.create": "build.created",
  "build.succeed": "build.succeeded",
  "build.fail": "build.failed",
  "build.cancel": "build.cancelled",
  "proof.create": "proof.created",
  "proof.pass": "proof.passed",
  "proof.fail": "proof.failed",
  "proof.skip": "proof.skipped",
  "image.remove": "image.removing",
  "image.removed": "image.removed",
  "image.keep": "image.kept",
  "image.miss": "image.missing",
  "image.find": "image.found",
  "image.restore": "image.restoring",
  "tag.move": "tag.moved",
  "tag.remove": "tag.removed",
  "tag.drift": "tag.drifted",
  "promotion.wait": "promotion.waiting",
  "promotion.approve": "promotion.approved",
  "promotion.reject": "promotion.rejected",
  "promotion.refuse": "promotion.refused",
  "promotion.cancel": "promotion.cancelled",
  "promotion.fail": "promotion.failed",
  "check.post": "check.posted",
  "webhook.disable": "webhook.disabled",
} as const;

/** Those whose audit rows tell nothing by themselves: whoever writes the one calls `recordEvent` for the other. */
const otherKinds = [] as const satisfies readonly string[];

export type EventKind = (typeof kindOfAction)[keyof typeof kindOfAction] | (typeof otherKinds)[number];

export const eventKinds: readonly EventKind[] = [...Object.values(kindOfAction), ...otherKinds];

/** Null for an action that is told nobody. */
export function kindTold(action: string): EventKind | null {
  return (kindOfAction as Record<string, EventKind>)[action] ?? null;
}
