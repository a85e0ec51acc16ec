/*
 * Times as Kubernetes reads them (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax):
 *
 *   minute hour day month weekday       each a list of *, ?, n, a-b, and with /step; JAN-DEC and SUN-SAT by name as well
 *   @yearly @annually @monthly @weekly @daily @midnight @hourly
 */

interface Field {
  name: string;
  lowest: number;
  highest: number;
  names?: readonly string[];
}

const fields: readonly Field[] = [
  { name: "minute", lowest: 0, highest: 59 },
  { name: "hour", lowest: 0, highest: 23 },
  { name: "day", lowest: 1, highest: 31 },
  {
    name: "month",
    lowest: 1,
    highest: 12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { name: "weekday", lowest: 0, highest: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/** Why Kubernetes would not take it, or null. */
export function scheduleFault(schedule: string): string | null {
  if (/^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/.test(schedule)) return null;
  const parts = schedule.split(" ");
  if (parts.length !== fields.length)
    return "it takes the five fields of cron, as in 0 3 * * *, or @daily and the like";
  for (const [index, field] of fields.entries())
    for (const item of (parts[index] ?? "").split(","))
      if (!fits(item, field))
        return `"${item}" is no ${field.name}: write one from ${field.lowest} to ${field.highest}, a range, * or */2`;
  return null;
}

function fits(item: string, field: Field): boolean {
  const [range = "", step, ...more] = item.split("/");
  if (more.length > 0 || (step !== undefined && !/^0*[1-9]\d{0,3}$/.test(step))) return false;
  if (range === "*" || range === "?") return true;
  const [first = "", last = first, ...further] = range.split("-");
  const [from, to] = [numberOf(first, field), numberOf(last, field)];
  return further.length === 0 && from !== null && to !== null && from <= to;
}

function numberOf(text: string, { lowest, highest, names = [] }: Field): number | null {
  const named = names.indexOf(text.toLowerCase());
  if (named !== -1) return named + lowest;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= lowest && value <= highest ? value : null;
}

/** Whether it is in the database of time zones, in the letters that it has there: they are names of files. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false; // +01:00 is one to some versions of Node
  try {
    const { timeZone } = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}
