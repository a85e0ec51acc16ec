import { describe, expect, it } from "vitest";
import { isTimeZone, scheduleFault } from "./schedule.ts";

describe("a schedule", () => {
  it.each([
    "0 3 * * *",
    "*/15 0-6,22 1,15 jan-MAR 1-5",
    "5/20 ? 31 12 SUN,sat",
    "59 23 1-31/2 * 0",
    "@daily",
    "@midnight",
  ])("is taken: %s", (schedule) => {
    expect(scheduleFault(schedule)).toBeNull();
  });

  it.each([
    ["99 99 * * *", '"99" is no minute'],
    ["0 24 * * *", '"24" is no hour'],
    ["0 3 0 * *", '"0" is no day'],
    ["0 3 * 13 *", '"13" is no month'],
    ["0 3 * * 7", '"7" is no weekday'],
    ["0 3 * * monday", '"monday" is no weekday'],
    ["5-1 3 * * *", '"5-1" is no minute'],
    ["*/0 3 * * *", '"*/0" is no minute'],
    ["1,,2 3 * * *", '"" is no minute'],
    ["1-2-3 3 * * *", '"1-2-3" is no minute'],
    ["* * * *", "five fields"],
    ["0  3 * *", '"" is no hour'],
    ["@reboot", "five fields"],
  ])("is not taken: %s", (schedule, reason) => {
    expect(scheduleFault(schedule)).toContain(reason);
  });
});

it("a time zone is one of the database's, in its own letters", () => {
  for (const name of ["UTC", "Etc/UTC", "Europe/Oslo", "Asia/Kolkata", "America/Argentina/Buenos_Aires"])
    expect([name, isTimeZone(name)]).toEqual([name, true]);
  for (const name of ["No/Where", "europe/oslo", "Local", "", "+01:00"])
    expect([name, isTimeZone(name)]).toEqual([name, false]);
});
