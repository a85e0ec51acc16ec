import type { Static } from "typebox";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import type { Grant } from "#core/access/roles.ts";
import { SlipwayError } from "#core/errors.ts";
import { parseTagName } from "#core/promotion/tag-name.ts";
import type { Grant as GrantSchema } from "./access-schemas.ts";

/** Throws `invalid_pattern`, `invalid_tag`, and `invalid_request` for tags of another than a promoter. */
export function grantOf({ role, pattern, tags }: Static<typeof GrantSchema>): Grant {
  if (tags !== undefined && role !== "promoter")
    throw new SlipwayError("invalid_request", `tags go with the role promoter, not with ${role}`);
  return { role, pattern: parseNamePattern(pattern), tags: tags?.map(parseTagName) ?? null };
}
