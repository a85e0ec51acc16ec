import { Temporal } from "temporal-polyfill";
import { type Window, weekdays } from "./policy.ts";

/*
 * A moment is in a window when the clocks of its zone say so: they show a time from `from` on and before `to`, on one of the
 * days. Where clocks are put forward, a window of the hour that is missing does not come on that day; where they are put
 * back, one of the hour that comes twice comes twice.
 */

/** `to` may be `24:00`. A window past midnight belongs to the day on which it begins. */
export function isInWindow({ days, from, to, timeZone }: Window, atMs: number): boolean {
  const clock = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone);
  const minute = clock.hour * 60 + clock.minute;
  const [begin, end] = [minutesOf(from), minutesOf(to)];
  const isDay = (dayOfWeek: number) => days.some((day) => weekdays.indexOf(day) === (dayOfWeek + 6) % 7);
  if (begin < end) return isDay(clock.dayOfWeek) && begin <= minute && minute < end;
  return (isDay(clock.dayOfWeek) && begin <= minute) || (isDay(clock.dayOfWeek - 1) && minute < end);
}

/** The first moment after that at which the window begins; infinity where it does not within some days. */
export function nextBeginning(window: Window, afterMs: number): number {
  const today = Temporal.Instant.fromEpochMilliseconds(afterMs).toZonedDateTimeISO(window.timeZone).toPlainDate();
  const found: number[] = [];
  // From yesterday on, whose window may come back; by two weeks, as one of the next may be missing.
  for (let ahead = -1; ahead <= 15; ahead += 1) {
    const day = today.add({ days: ahead });
    if (!window.days.some((name) => weekdays.indexOf(name) + 1 === day.dayOfWeek)) continue;
    const isLast = found.length > 0; // clocks that are put back over midnight mix two days
    found.push(...beginningsOn(day, window).filter((ms) => ms > afterMs && isInWindow(window, ms)));
    if (isLast) break;
  }
  return Math.min(...found);
}

/** Moments at which the window of a day can begin: when clocks show `from`, and when they are put forward past it, or put back
 *  before its end. */
function beginningsOn(day: Temporal.PlainDate, { from, to, timeZone }: Window): number[] {
  const lastDay = minutesOf(to) > minutesOf(from) ? day : day.add({ days: 1 });
  const begin = momentsOf(day, from, timeZone);
  return [...begin.shownAt, ...begin.changedAt, ...momentsOf(lastDay, to, timeZone).changedAt];
}

interface Moments {
  shownAt: number[];
  /** When the clocks were changed, where the time is missing, or comes twice. */
  changedAt: number[];
}

function momentsOf(day: Temporal.PlainDate, time: string, timeZone: string): Moments {
  const minutes = minutesOf(time);
  const plain = day.toPlainDateTime().add({ minutes });
  const earlier = plain.toZonedDateTime(timeZone, { disambiguation: "earlier" });
  const later = plain.toZonedDateTime(timeZone, { disambiguation: "later" });
  if (earlier.equals(later)) return { shownAt: [earlier.epochMilliseconds], changedAt: [] };
  const change = earlier.getTimeZoneTransition("next");
  return {
    shownAt: [earlier.epochMilliseconds, later.epochMilliseconds],
    changedAt: change === null ? [] : [change.epochMilliseconds],
  };
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

const mostSaid = 3;

/** `mon–fri 09:00–16:00 Europe/Berlin, sat 10:00–12:00 Europe/Berlin`. */
export function sayWindows(windows: readonly Window[]): string {
  const said = windows
    .slice(0, mostSaid)
    .map(({ days, from, to, timeZone }) => `${sayDays(days)} ${from}–${to} ${timeZone}`)
    .join(", ");
  return windows.length <= mostSaid ? said : `${said} and ${windows.length - mostSaid} more`;
}

/** `mon–wed,sat`. */
function sayDays(days: Window["days"]): string {
  const runs: (typeof weekdays)[number][][] = [];
  for (const [index, day] of weekdays.entries()) {
    if (!days.includes(day)) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.at(-1) === weekdays[index - 1]) last.push(day);
    else runs.push([day]);
  }
  return runs.map((run) => (run.length === 1 ? run[0] : `${run[0]}–${run.at(-1)}`)).join(",");
}
