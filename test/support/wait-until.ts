import { setTimeout as sleep } from "node:timers/promises";

/** Asks again and again until the answer is one; fails by name when the time is over. */
export async function waitUntil<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  { withinMs = 45_000, everyMs = 50 } = {},
): Promise<T> {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(everyMs);
  }
}
