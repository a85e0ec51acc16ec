/** A line of the table, in words. */
export interface Row {
  figure: string;
  slipway: string;
  against: string;
  result: string;
  goal: string;
  met: "yes" | "no" | "";
}

export interface Series {
  unit: "s" | "ms" | "MiB" | "MB" | "files" | "requests/s" | "versions/s" | "files/s" | "answers" | "rows/s";
  values: readonly number[];
}

export type Goal = { atMost: number } | { atLeast: number };

/** Slipway's own figure is what counts. */
export function limitRow(figure: string, slipway: Series, goal: Goal | null): Row {
  return {
    figure,
    slipway: inWords(slipway),
    against: "",
    result: "",
    goal: goal === null ? "" : goalInWords(goal, ` ${slipway.unit}`),
    met: goal === null ? "" : meets(median(slipway.values), goal),
  };
}

/** What counts is the ratio, taken pair by pair: what disturbs the machine disturbs both of a pair. */
export function ratioRow(
  figure: string,
  {
    slipway,
    other,
    otherName,
    ratio,
    goal,
  }: {
    slipway: Series;
    other: Series;
    otherName: string;
    ratio: "slipway / other" | "other / slipway";
    goal: Goal | null;
  },
): Row {
  const ratios = slipway.values.map((own, run) => {
    const others = other.values[run] ?? Number.NaN;
    return ratio === "slipway / other" ? own / others : others / own;
  });
  return {
    figure,
    slipway: inWords(slipway),
    against: `${otherName}: ${inWords(other)}`,
    result: `${spread(ratios)} ×`,
    goal: goal === null ? "" : goalInWords(goal, " ×"),
    met: goal === null ? "" : meets(median(ratios), goal),
  };
}

/** Why a comparison could not be made here. */
export function missingRow(figure: string, why: string): Row {
  return { figure, slipway: "", against: "", result: `not measured: ${why}`, goal: "", met: "" };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new Error("the median of nothing was asked for");
  return (low + high) / 2;
}

export function inWords({ values, unit }: Series): string {
  return `${spread(values)} ${unit}`;
}

function spread(values: readonly number[]): string {
  const digits = digitsFor(median(values));
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  );
  return values.length === 1 ? `${middle}` : `${middle} (${least}–${most})`;
}

function digitsFor(value: number): number {
  if (value >= 100) return 0;
  return value >= 10 ? 1 : 2;
}

function goalInWords(goal: Goal, unit: string): string {
  return "atMost" in goal ? `≤ ${goal.atMost}${unit}` : `≥ ${goal.atLeast}${unit}`;
}

function meets(value: number, goal: Goal): "yes" | "no" {
  return ("atMost" in goal ? value <= goal.atMost : value >= goal.atLeast) ? "yes" : "no";
}
