import type { Registry } from "#core/registry.ts";
import type { Caller } from "./caller.ts";
import { type IdentityKind, readIdentity } from "./identities.ts";
import type { Grant } from "./roles.ts";
import { readToken, type TokenRecord } from "./tokens.ts";

export interface Me {
  name: string;
  /** Null for a caller that is no identity: of the settings, with a setup code, or with access off. */
  kind: IdentityKind | null;
  title: string;
  grants: readonly Grant[];
  token: TokenRecord | null;
}

export async function readMe({ db }: Pick<Registry, "db">, { name, grants, tokenId }: Caller): Promise<Me> {
  const [own = []] = grants;
  if (tokenId === null) return { name, kind: null, title: "", grants: own, token: null };
  const [{ kind, title }, token] = await Promise.all([readIdentity({ db }, name), readToken(db, tokenId)]);
  return { name, kind, title, grants: own, token };
}
