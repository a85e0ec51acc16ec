import { everything, type Grants } from "./roles.ts";

/** Who asks, and what they may. */
export interface Caller {
  name: string;
  grants: Grants;
  /** The token that said so; null where no token of the database did. */
  tokenId: string | null;
  /** What a setup code makes: it may set up the first administrator and nothing else. */
  setsUp?: true;
}

/** With access off: whoever reaches the port. */
export const anybody: Caller = { name: "anonymous", grants: everything, tokenId: null };

/** Whoever has the token of the settings. */
export const administrator: Caller = { name: "administrator", grants: everything, tokenId: null };
