/** The chance that one of `a` is larger than one of `b`, ties counted half: 0.5 where both come of one distribution
 *  (Mann and Whitney's U over the number of pairs). A median that differs by what single values spread moves it far. */
export function chanceOfLarger(a: readonly number[], b: readonly number[]): number {
  const sorted = b.toSorted((x, y) => x - y);
  const wins = a.map((value) => (below(sorted, value, false) + below(sorted, value, true)) / 2);
  return wins.reduce((sum, count) => sum + count, 0) / (a.length * b.length);
}

/** How far chance alone moves it, as a standard deviation, for samples of these sizes. */
export function spreadByChance(a: number, b: number): number {
  return Math.sqrt((a + b + 1) / (12 * a * b));
}

/** How many are smaller than the value, or as small where `orEqual`. */
function below(sorted: readonly number[], value: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const found = sorted[middle] ?? Number.POSITIVE_INFINITY;
    if (found < value || (orEqual && found === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
