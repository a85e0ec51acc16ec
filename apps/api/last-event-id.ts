import { SlipwayError } from "#core/errors.ts";

/** Null where the header is not there. Throws `invalid_request` for what no event of ours had as its id. */
export function lastEventId(header: string | string[] | undefined): number | null {
  if (header === undefined || header === "") return null;
  if (typeof header !== "string" || !/^\d{1,15}$/.test(header))
    throw new SlipwayError("invalid_request", "Last-Event-ID is the id of the last event that was received");
  return Number(header);
}
