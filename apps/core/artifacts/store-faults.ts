import { SlipwayError } from "#core/errors.ts";

export function noSpaceLeft(cause: unknown): SlipwayError {
  const message = "the artifact store has no space left; nothing was kept, send it again when there is";
  return new SlipwayError("store_full", message, { cause });
}

export function storeAway(cause: unknown): SlipwayError {
  const message = "the artifact store cannot be used at the moment; try again shortly";
  return new SlipwayError("unavailable", message, { cause });
}
