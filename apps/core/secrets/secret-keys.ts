import type { SecretsConfig } from "#core/config.ts";
import { type MasterKey, masterKey } from "./envelope.ts";

/** The first encrypts, all of them decrypt; none where SLIPWAY_SECRET_KEY is not set. */
export function secretKeys({ key, previousKey }: SecretsConfig): readonly MasterKey[] {
  return [key, previousKey].flatMap((secret) => (secret === null ? [] : [masterKey(secret)]));
}
