/** Decides which refusals are written down, so that whoever asks without end does not fill the audit. */
export interface RefusalLimit {
  /** Null for one that is left out; else how many were left out since the last that was not. */
  admit(subject: string): { leftOut: number } | null;
}

const perMs = 60_000;
/** Also what is remembered. */
const mostInTime = 60;

/** The same subject once a minute, and 60 of all in a minute. `now` is in milliseconds and never goes back. */
export function refusalLimit(now: () => number): RefusalLimit {
  let admitted: { subject: string; at: number }[] = [];
  let leftOut = 0;
  return {
    admit(subject) {
      const at = now();
      admitted = admitted.filter((earlier) => at - earlier.at < perMs);
      if (admitted.length >= mostInTime || admitted.some((earlier) => earlier.subject === subject)) {
        leftOut += 1;
        return null;
      }
      admitted.push({ subject, at });
      const before = { leftOut };
      leftOut = 0;
      return before;
    },
  };
}
