import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMs } from "#test/cpu-ms.ts";
import { openingAt } from "./opening.ts";
import { type Freeze, type Window, weekdays } from "./policy.ts";

const office: Window = {
  days: ["mon", "tue", "wed", "thu", "fri"],
  from: "09:00",
  to: "16:00",
  timeZone: "Europe/Berlin",
};
const night: Window = { days: ["fri"], from: "22:00", to: "04:00", timeZone: "Europe/Berlin" };
const at = (windows: Window[], freezes: Freeze[], moment: string) => {
  const { open, opensAt, reason } = openingAt({ windows, freezes }, new Date(moment));
  return { open, opensAt: opensAt?.toISOString() ?? null, reason };
};
const daily = (from: string, to: string, timeZone: string): Window => ({ days: [...weekdays], from, to, timeZone });

describe("a window", () => {
  it("is open from its first minute until before its last, on its days", () => {
    const said = "windows are mon–fri 09:00–16:00 Europe/Berlin";
    expect(at([office], [], "2026-12-01T08:00:00Z")).toEqual({ open: true, opensAt: null, reason: `open: ${said}` });
    expect(at([office], [], "2026-12-01T14:59:59.999Z").open).toBe(true);
    expect(at([office], [], "2026-12-01T07:59:59.999Z")).toEqual({
      open: false,
      opensAt: "2026-12-01T08:00:00.000Z",
      reason: `closed until 2026-12-01T08:00Z: ${said}`,
    });
    expect(at([office], [], "2026-12-04T15:00:00Z").opensAt).toBe("2026-12-07T08:00:00.000Z");
    expect(at([office], [], "2026-07-01T07:00:00Z").open).toBe(true); // summer time
  });

  it("past midnight belongs to the day on which it begins", () => {
    expect(at([night], [], "2026-12-04T21:00:00Z").open).toBe(true); // Friday, 22:00
    expect(at([night], [], "2026-12-05T02:59:59Z").open).toBe(true); // Saturday, 03:59
    expect(at([night], [], "2026-12-05T03:00:00Z").opensAt).toBe("2026-12-11T21:00:00.000Z");
    expect(at([night], [], "2026-12-04T01:00:00Z")).toMatchObject({ open: false, opensAt: "2026-12-04T21:00:00.000Z" });
    const sundays: Window = { ...night, days: ["sun"] };
    expect(at([sundays], [], "2026-12-07T02:00:00Z").open).toBe(true); // Monday, 03:00
  });

  it("of a whole day ends at 24:00", () => {
    const saturdays: Window = { days: ["sat"], from: "00:00", to: "24:00", timeZone: "UTC" };
    expect(at([saturdays], [], "2026-12-05T23:59:59.999Z").open).toBe(true);
    expect(at([saturdays], [], "2026-12-06T00:00:00Z").opensAt).toBe("2026-12-12T00:00:00.000Z");
  });

  it("in the hour that is missing begins with the next, where it goes on so long, and else not on that day", () => {
    // Berlin, 2026-03-29: 01:59:59 is followed by 03:00.
    expect(at([daily("02:30", "04:00", "Europe/Berlin")], [], "2026-03-29T00:00:00Z").opensAt).toBe(
      "2026-03-29T01:00:00.000Z",
    );
    expect(at([daily("02:15", "02:45", "Europe/Berlin")], [], "2026-03-29T00:00:00Z").opensAt).toBe(
      "2026-03-30T00:15:00.000Z",
    );
  });

  it("in the hour that comes twice comes twice", () => {
    // Berlin, 2026-10-25: 03:00 of summer time is 02:00.
    const both = daily("01:00", "02:30", "Europe/Berlin");
    expect(at([both], [], "2026-10-25T00:29:00Z").open).toBe(true);
    expect(at([both], [], "2026-10-25T00:30:00Z")).toMatchObject({ open: false, opensAt: "2026-10-25T01:00:00.000Z" });
    expect(at([both], [], "2026-10-25T01:29:00Z").open).toBe(true);
    expect(at([both], [], "2026-10-25T01:30:00Z").opensAt).toBe("2026-10-26T00:00:00.000Z");
    // Past midnight, too: New York, Sunday 2026-11-01, 02:00 of summer time is 01:00.
    const pastMidnight: Window = { days: ["sat"], from: "22:00", to: "01:30", timeZone: "America/New_York" };
    expect(at([pastMidnight], [], "2026-11-01T05:45:00Z").opensAt).toBe("2026-11-01T06:00:00.000Z");
    const within = daily("02:15", "02:30", "Europe/Berlin");
    expect(at([within], [], "2026-10-25T00:30:00Z").opensAt).toBe("2026-10-25T01:15:00.000Z");
  });

  it("goes by the zone's own offset, of half hours too, and by days that have no midnight", () => {
    expect(at([daily("09:00", "10:00", "Asia/Kolkata")], [], "2026-12-01T03:29:00Z").opensAt).toBe(
      "2026-12-01T03:30:00.000Z",
    );
    expect(at([daily("02:00", "02:30", "Australia/Lord_Howe")], [], "2026-10-03T14:00:00Z").opensAt).toBe(
      "2026-10-04T15:00:00.000Z", // 02:00 is 02:30 on the 4th
    );
    // Cairo, 2026-04-24: 00:00 is 01:00.
    expect(at([daily("00:00", "02:00", "Africa/Cairo")], [], "2026-04-23T20:00:00Z").opensAt).toBe(
      "2026-04-23T22:00:00.000Z",
    );
  });

  it("is one of several: the next that begins opens", () => {
    const kolkata = daily("09:00", "10:00", "Asia/Kolkata");
    expect(at([office, night, kolkata], [], "2026-12-05T05:00:00Z")).toEqual({
      open: false,
      opensAt: "2026-12-06T03:30:00.000Z",
      reason:
        "closed until 2026-12-06T03:30Z: windows are mon–fri 09:00–16:00 Europe/Berlin, fri 22:00–04:00 Europe/Berlin, mon–sun 09:00–10:00 Asia/Kolkata",
    });
    const many: Window[] = [office, office, office, { ...office, days: ["mon", "tue", "thu", "sat", "sun"] }, office];
    expect(at(many, [], "2026-12-05T05:00:00Z").reason).toMatch(/ and 2 more$/);
    expect(at(many.slice(3, 4), [], "2026-12-01T08:00:00Z").reason).toContain("windows are mon–tue,thu,sat–sun 09:00");
  });
});

describe("a freeze", () => {
  const yearEnd: Freeze = {
    from: "2026-12-20T00:00:00+01:00",
    to: "2027-01-03T12:00:00+01:00",
    reason: "year-end freeze",
  };

  it("closes all from its beginning until before its end", () => {
    expect(at([], [yearEnd], "2026-12-19T22:59:59Z")).toEqual({
      open: true,
      opensAt: null,
      reason: "open at any time",
    });
    expect(at([], [yearEnd], "2026-12-19T23:00:00Z")).toEqual({
      open: false,
      opensAt: "2027-01-03T11:00:00.000Z",
      reason: "frozen until 2027-01-03T11:00Z: year-end freeze",
    });
    expect(at([], [yearEnd], "2027-01-03T11:00:00Z").open).toBe(true);
  });

  it("lies over windows: what comes after both is told", () => {
    expect(at([office], [yearEnd], "2026-12-22T10:00:00Z")).toEqual({
      open: false,
      opensAt: "2027-01-04T08:00:00.000Z",
      reason:
        "frozen until 2027-01-03T11:00Z: year-end freeze; and closed until 2027-01-04T08:00Z: windows are mon–fri 09:00–16:00 Europe/Berlin",
    });
    // It ends inside a window.
    const morning: Freeze = { from: "2026-12-01T00:00:00Z", to: "2026-12-01T10:00:30Z", reason: "audit" };
    expect(at([office], [morning], "2026-12-01T09:00:00Z")).toEqual({
      open: false,
      opensAt: "2026-12-01T10:00:30.000Z",
      reason: "frozen until 2026-12-01T10:00:30Z: audit",
    });
    // It begins before the next window does.
    expect(at([office], [morning], "2026-11-30T20:00:00Z").opensAt).toBe("2026-12-01T10:00:30.000Z");
  });

  it("goes on with another that overlaps it or begins as it ends", () => {
    const freezes: Freeze[] = [
      { from: "2026-12-05T00:00:00Z", to: "2026-12-07T00:00:00Z", reason: "third" },
      { from: "2026-12-01T00:00:00Z", to: "2026-12-03T00:00:00Z", reason: "first" },
      { from: "2026-12-02T00:00:00Z", to: "2026-12-05T00:00:00Z", reason: "second" },
    ];
    expect(at([], freezes, "2026-12-01T12:00:00Z").reason).toBe("frozen until 2026-12-07T00:00Z: first");
    expect(at([], freezes, "2026-12-02T12:00:00Z").reason).toBe("frozen until 2026-12-07T00:00Z: first; second");
  });

  it("without an end holds until the policy is changed", () => {
    const halt: Freeze = { from: "2026-12-01T00:00:00Z", to: null, reason: "incident\n42" };
    expect(at([office], [halt], "2026-12-02T00:00:00Z")).toEqual({
      open: false,
      opensAt: null,
      reason: "frozen until the policy is changed: incident 42",
    });
    expect(at([office], [halt], "2026-11-30T23:00:00Z")).toMatchObject({ open: false, opensAt: null });
  });

  it("that leaves no window within a year leaves no moment to wait for", () => {
    const freeze: Freeze = { from: "2026-01-01T00:00:00Z", to: "2028-01-01T00:00:00Z", reason: "migration" };
    expect(at([], [freeze], "2026-12-01T00:00:00Z").opensAt).toBeNull();
    expect(at([office], [{ ...freeze, from: "2026-12-02T16:00:00Z" }], "2026-12-02T15:30:00Z")).toMatchObject({
      open: false,
      opensAt: null,
      reason: "closed for a year and longer: windows are mon–fri 09:00–16:00 Europe/Berlin",
    });
  });
});

const minute = 60_000;
const zones = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Africa/Cairo",
  "America/Santiago",
  "Asia/Kathmandu",
  "UTC",
];

/** What clocks show, by another way than Temporal. */
function clockOf(timeZone: string): (ms: number) => { day: number; minute: number } {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return (ms) => {
    const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const day = (weekdays as readonly string[]).indexOf(String(parts["weekday"]).toLowerCase());
    return { day, minute: Number(parts["hour"]) * 60 + Number(parts["minute"]) };
  };
}

it("opens at the first minute at which clocks, looked at one after the other, say so, above all when they are changed", () => {
  const time = fc.integer({ min: 0, max: 47 }).map((half) => half * 30);
  const text = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  const changes = [
    "2026-03-08T06:00Z",
    "2026-03-29T00:00Z",
    "2026-10-25T00:00Z",
    "2026-11-01T05:00Z",
    "2026-04-23T21:00Z",
  ];
  const others = [
    "2026-10-29T20:00Z",
    "2026-04-04T14:00Z",
    "2026-10-03T14:00Z",
    "2026-09-06T03:00Z",
    "2026-04-05T02:00Z",
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.tuple(time, time).filter(([from, to]) => from !== to),
      fc.subarray([0, 1, 2, 3, 4, 5, 6], { minLength: 1 }),
      fc.constantFrom(...changes, ...others),
      fc.integer({ min: -8, max: 6 }),
      (timeZone, [from, to], days, change, halfHours) => {
        const window: Window = {
          days: days.map((day) => weekdays[day] ?? "mon"),
          from: text(from),
          to: text(to),
          timeZone,
        };
        const begun = Date.parse(change) + halfHours * 30 * minute;
        const clock = clockOf(timeZone);
        const isOpen = (ms: number) => {
          const { day, minute: shown } = clock(ms);
          if (from < to) return days.includes(day) && from <= shown && shown < to;
          return (days.includes(day) && from <= shown) || (days.includes((day + 6) % 7) && shown < to);
        };
        const { open, opensAt } = openingAt({ windows: [window], freezes: [] }, new Date(begun));
        expect(open).toBe(isOpen(begun));
        if (open) return;
        let first = begun;
        while (!isOpen(first)) first += 15 * minute; // offsets are of quarters
        expect(opensAt?.toISOString()).toBe(new Date(first).toISOString());
      },
    ),
    { numRuns: 300 },
  );
});

it("answers at once for as many windows and freezes as a policy may have", () => {
  const windows = Array.from({ length: 10 }, (_, index) =>
    daily(`10:${String(index).padStart(2, "0")}`, "11:00", zones[index % 7] ?? "UTC"),
  );
  const day = (index: number) =>
    new Date(Date.parse("2026-12-01T03:00:00Z") + index * 6 * 24 * 60 * minute).toISOString();
  const freezes = Array.from({ length: 50 }, (_, index) => ({
    from: day(index),
    to: day(index + 1).replace("T03:00", "T02:59"),
    reason: "no",
  }));
  const opening = () => openingAt({ windows, freezes }, new Date("2026-12-01T03:01:00Z"));
  expect(cpuMs(() => void opening())).toBeLessThan(1_000);
  expect(opening().opensAt?.toISOString()).toMatch(/^2027-09-2/);
});
