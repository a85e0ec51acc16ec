/** A statement over so many rows ends well within its limit. */
const atOnce = 5_000;

/** Has as many rows removed as there are, some thousand at once: `remove` says how many it found. Returns how many went. */
export async function inRounds(signal: AbortSignal, remove: (atOnce: number) => Promise<number>): Promise<number> {
  for (let gone = 0; ; ) {
    signal.throwIfAborted();
    const removed = await remove(atOnce);
    gone += removed;
    if (removed < atOnce) return gone;
  }
}
