import { everything, type Grants } from "./roles.ts";

/** Who asks, and what they may. */
export interface Caller {
  name: string;
  grants: Grants;
  /** The token that said so; null where no token of the database did. */
  tokenId: string | null;
  /** The token gives less than its owner may, or not from everywhere. */
  narrowed: boolean;
  expiresAt: Date | null;
  /** Came with a setup code. */
  setsUp?: true;
}

const unbounded = { grants: everything, tokenId: null, narrowed: false, expiresAt: null };

/** With access off: whoever reaches the port. */
export const anybody: Caller = { name: "anonymous", ...unbounded };

/** Whoever has the token of the settings. */
export const administrator: Caller = { name: "administrator", ...unbounded };
