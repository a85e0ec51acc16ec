import { Temporal } from "temporal-polyfill";
import { storable } from "#core/models/labels.ts";
import { didYouMean, nearMisses } from "#core/packaging/near-miss.ts";
import type { Freeze, Window } from "./policy.ts";

type Report = (where: string, message: string) => void;

export function checkWindow({ days, from, to, timeZone }: Window, where: string, report: Report): void {
  if (days.length === 0) report(`${where}/days`, "name a day at least: mon, tue, wed, thu, fri, sat, sun");
  if (!isTimeOfDay(from)) report(`${where}/from`, "write HH:MM, from 00:00 to 23:59");
  if (!isTimeOfDay(to) && to !== "24:00") report(`${where}/to`, "write HH:MM, from 00:00 to 24:00");
  if (from === to) report(`${where}/to`, "write another time than from; a whole day is from 00:00 to 24:00");
  if (!isTimeZone(timeZone)) {
    const meant = didYouMean(nearMisses(timeZone.slice(0, 100), Intl.supportedValuesOf("timeZone")));
    report(`${where}/timeZone`, `write a zone by its name in the IANA database, such as Europe/Berlin or UTC${meant}`);
  }
}

export function checkFreeze({ from, to, reason }: Freeze, where: string, report: Report): void {
  const [begin, end] = [momentIn(from), to === null ? null : momentIn(to)];
  const form = "write a time by RFC 3339, such as 2026-12-20T00:00:00+01:00";
  if (begin === null) report(`${where}/from`, form);
  if (to !== null && end === null) report(`${where}/to`, `${form}, or leave it out: until the policy is changed`);
  if (begin !== null && end !== null && Temporal.Instant.compare(begin, end) >= 0)
    report(`${where}/to`, "write a time that is after from");
  if (reason.trim() === "" || reason.length > 500 || !storable(reason))
    report(`${where}/reason`, "say why, in 1 to 500 characters: whoever waits is told");
}

function isTimeOfDay(text: string): boolean {
  return /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text);
}

/** Offsets are none: they know no daylight saving, and are no names. */
function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)) return false;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text) !== null;
  } catch {
    return false;
  }
}

function momentIn(text: string): Temporal.Instant | null {
  // Temporal reads more than RFC 3339: years of six digits, other calendars, and the sixtieth second as the one before.
  if (!/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/.test(text)) return null;
  try {
    return Temporal.Instant.from(text);
  } catch {
    return null;
  }
}
