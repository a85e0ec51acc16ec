import { Temporal } from "temporal-polyfill";
import { oneLine } from "./json-value.ts";
import type { PolicyRules, Window } from "./policy.ts";
import { isInWindow, nextBeginning, sayWindows } from "./window.ts";

export interface Opening {
  open: boolean;
  /** When it opens next; null where it is open, or never opens within a year, or a freeze has no end. */
  opensAt: Date | null;
  /** In one line. */
  reason: string;
}

const horizonMs = 366 * 24 * 60 * 60 * 1_000;

/** Whether a tag may move now by the windows and freezes of a policy that parseRules has taken. */
export function openingAt({ windows, freezes }: Pick<PolicyRules, "windows" | "freezes">, now: Date): Opening {
  const stops = freezes.map((freeze) => ({
    fromMs: momentOf(freeze.from),
    toMs: freeze.to === null ? Number.POSITIVE_INFINITY : momentOf(freeze.to),
    reason: freeze.reason,
  }));
  const opensMs = firstOpen(windows, stops, now.getTime());
  const opensAt = opensMs === null ? null : new Date(opensMs);
  const said = windows.length === 0 ? null : `windows are ${sayWindows(windows)}`;
  const frozen = frozenUntil(stops, now.getTime());
  if (frozen !== null) return { open: false, opensAt, reason: oneLine(sayFrozen(frozen, opensMs, said)) };
  if (opensMs === now.getTime())
    return { open: true, opensAt: null, reason: said === null ? "open at any time" : `open: ${said}` };
  const until = opensMs === null ? "closed for a year and longer" : `closed until ${sayMoment(opensMs)}`;
  return { open: false, opensAt, reason: oneLine(`${until}: ${said}`) };
}

interface Stop {
  fromMs: number;
  toMs: number;
  reason: string;
}

interface Frozen {
  /** Past all freezes that follow on each other without a gap. */
  untilMs: number;
  /** Of those that hold at the moment that was asked for. */
  reasons: string[];
}

/** From each moment that is closed it goes on to the next that could be open: the end of a freeze, or the beginning of a window. */
function firstOpen(windows: readonly Window[], stops: readonly Stop[], nowMs: number): number | null {
  let atMs = nowMs;
  while (atMs <= nowMs + horizonMs) {
    const frozen = frozenUntil(stops, atMs);
    if (frozen === null && (windows.length === 0 || windows.some((window) => isInWindow(window, atMs)))) return atMs;
    const fromMs = atMs;
    atMs = frozen?.untilMs ?? Math.min(...windows.map((window) => nextBeginning(window, fromMs)));
  }
  return null;
}

function frozenUntil(stops: readonly Stop[], atMs: number): Frozen | null {
  const holding = (ms: number) => stops.filter(({ fromMs, toMs }) => fromMs <= ms && ms < toMs);
  const reasons = holding(atMs).map(({ reason }) => reason);
  if (reasons.length === 0) return null;
  let untilMs = atMs;
  for (let now = holding(atMs); now.length > 0; now = holding(untilMs))
    untilMs = Math.max(...now.map(({ toMs }) => toMs));
  return { untilMs, reasons };
}

function sayFrozen({ untilMs, reasons }: Frozen, opensMs: number | null, windows: string | null): string {
  const until = Number.isFinite(untilMs) ? sayMoment(untilMs) : "the policy is changed";
  const frozen = `frozen until ${until}: ${[...new Set(reasons)].join("; ")}`;
  if (windows === null || !Number.isFinite(untilMs) || opensMs === untilMs) return frozen;
  const then = opensMs === null ? "and closed for a year and longer" : `and closed until ${sayMoment(opensMs)}`;
  return `${frozen}; ${then}: ${windows}`;
}

/** `2026-12-01T08:00Z`, with seconds only where there are some. */
function sayMoment(ms: number): string {
  return new Date(ms).toISOString().replace(/(?::00)?\.000Z$/, "Z");
}

/** Of RFC 3339. */
function momentOf(text: string): number {
  return Temporal.Instant.from(text).epochMilliseconds;
}
