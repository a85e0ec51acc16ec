import { type TOptional, type TString, Type } from "typebox";
import { SlipwayError } from "#core/errors.ts";

export function Moment(description: string): TOptional<TString> {
  return Type.Optional(Type.String({ format: "date-time", description, examples: ["2026-11-23T22:00:00Z"] }));
}

/** Postgres has no year 0. */
const firstMoment = Date.parse("0001-01-01T00:00:00Z");

/** RFC 3339 has moments that JavaScript has not: the sixtieth second. Throws `invalid_request`. */
export function momentOf(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime()) || moment.getTime() < firstMoment)
    throw new SlipwayError("invalid_request", `${name} is a moment such as 2026-11-23T22:00:00Z`);
  return moment;
}
