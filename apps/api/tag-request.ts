import type { FastifyRequest } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import { parseSemver } from "#core/models/semver.ts";
import type { Terms } from "#core/promotion/decide-move.ts";
import type { Destination } from "#core/promotion/find-goal.ts";
import type { TagCondition } from "#core/promotion/tag-condition.ts";
import { momentOf } from "./moment.ts";

const furthestMs = 366 * 24 * 3_600_000;

export const conditionHeaders = {
  "If-Match": "The tag's ETag as it was read, or `*` where it is there",
  "If-None-Match": "`*`: only where it is not there",
};

/** Throws `invalid_request` where it is not said, or twice. */
export function destinationOf({ version, digest }: { version?: string; digest?: string }): Destination {
  if (version !== undefined && digest === undefined) return { version: parseSemver(version) };
  if (digest !== undefined && version === undefined) return { digest };
  throw new SlipwayError("invalid_request", 'say where the tag goes: "version", or "digest" of its image; one of both');
}

/** Throws `invalid_request` for a time that is no time, or more than a year away. */
export function termsOf({
  reason = "",
  breaksSignature = false,
  notBefore: text,
}: {
  reason?: string;
  breaksSignature?: boolean;
  notBefore?: string;
}): Terms {
  const notBefore = momentOf("notBefore", text) ?? null;
  if (notBefore !== null && notBefore.getTime() > Date.now() + furthestMs)
    throw new SlipwayError("invalid_request", "notBefore is more than a year away: ask when it is nearer");
  return { reason, breaksSignature, notBefore };
}

export function etagOf(revision: number): string {
  return `"${revision}"`;
}

/** RFC 9110 §13.1.1 and §13.1.2, with a tag's revision as its entity tag. Another's entity tag and a weak one never
 *  match. */
export function conditionOf(request: FastifyRequest): TagCondition {
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = request.headers;
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== "*" || ifMatch !== undefined)
      throw new SlipwayError(
        "invalid_request",
        "If-None-Match is taken as * alone: set the tag only where it is not there",
      );
    return "absent";
  }
  if (ifMatch === undefined) return null;
  if (ifMatch.trim() === "*") return "exists";
  const written = ifMatch.split(",").map((text) => text.trim());
  if (!written.every((text) => /^(?:W\/)?"[^"]*"$/.test(text)))
    throw new SlipwayError("invalid_request", 'If-Match is the ETag of the tag as it was read, e.g. "3"');
  return { revision: written.flatMap((text) => /^"([1-9]\d{0,8})"$/.exec(text)?.[1] ?? []).map(Number) };
}
