import { matches, type NamePattern } from "#core/access/name-pattern.ts";

export interface LineQuota {
  pattern: NamePattern;
  /** Builds more that it lets run; less than none where it was lowered while they ran. */
  free: number;
}

export interface InLine {
  id: string;
  model: string;
}

/** Of each build in line, the first in front: null where its turn has come, else the quota that has no place for it. Who
 *  waits takes no place in other quotas: those behind go past it. */
export function turns(quotas: readonly LineQuota[], line: readonly InLine[]): ReadonlyMap<string, NamePattern | null> {
  const free = new Map(quotas.map((quota) => [quota.pattern, quota.free]));
  const waitsFor = new Map<string, NamePattern | null>();
  for (const { id, model } of line) {
    const patterns = [...free.keys()].filter((pattern) => matches(pattern, model));
    const full = patterns.find((pattern) => (free.get(pattern) ?? 0) < 1) ?? null;
    waitsFor.set(id, full);
    if (full === null) for (const pattern of patterns) free.set(pattern, (free.get(pattern) ?? 0) - 1);
  }
  return waitsFor;
}
