import { SlipwayError } from "#core/errors.ts";

/** The same for everything that is wrong with a token. */
export function unauthenticated(): SlipwayError {
  return new SlipwayError(
    "unauthenticated",
    "show a token that is valid here: Authorization: Bearer slpw_…; an administrator gives one out",
  );
}
