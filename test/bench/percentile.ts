/** The smallest value that so many percent of all are not above (nearest rank). */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error("a percentile of nothing was asked for");
  return value;
}
