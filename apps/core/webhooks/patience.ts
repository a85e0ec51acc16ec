/** After so many attempts in a row that were not taken nothing is sent but one message at a time, with pauses: a webhook
 *  that is away costs little, however much waits for it. */
export const failuresUntilPause = 5;

const longestMs = 30 * 60_000;

/** How long is waited after the n-th failure: 1 s, 2 s, 4 s … half an hour, with a fifth of jitter to each side. */
export function pauseMs(failures: number, random: () => number = Math.random): number {
  const base = Math.min(longestMs, 1_000 * 2 ** Math.min(failures - 1, 11));
  return Math.round(base * (0.8 + random() * 0.4));
}
