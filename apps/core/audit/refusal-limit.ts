/** Decides which refusals are written down, so that whoever asks without end does not fill the audit. */
export interface RefusalLimit {
  /** Null for one that is left out; else how many of this actor were left out since its last that was not. */
  admit(actor: string, subject: string): { leftOut: number } | null;
}

const perMs = 60_000;
const mostOfActor = 20;
/** Also what is remembered, beside a number for each identity. */
const mostInTime = 600;

/** The same subject of an actor once a minute, 20 subjects of an actor and 600 of all: nobody hides behind what another
 *  is refused. `now` is in milliseconds and never goes back. */
export function refusalLimit(now: () => number): RefusalLimit {
  let admitted: { actor: string; subject: string; at: number }[] = [];
  const leftOut = new Map<string, number>();
  return {
    admit(actor, subject) {
      const at = now();
      admitted = admitted.filter((earlier) => at - earlier.at < perMs);
      const own = admitted.filter((earlier) => earlier.actor === actor);
      const before = leftOut.get(actor) ?? 0;
      const isFull = own.length >= mostOfActor || admitted.length >= mostInTime;
      if (isFull || own.some((earlier) => earlier.subject === subject)) {
        leftOut.set(actor, before + 1);
        return null;
      }
      admitted.push({ actor, subject, at });
      leftOut.delete(actor);
      return { leftOut: before };
    },
  };
}
