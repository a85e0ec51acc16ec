import type { Grant } from "#core/access/roles.ts";
import type { MadeToken } from "#core/access/tokens.ts";
import type { Registry } from "#core/registry.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";
import { accountOf } from "./account.ts";
import { type BrowserSecret, derived } from "./browser-secret.ts";
import { giveToken } from "./give-token.ts";
import { type Provider, signInInvalid } from "./provider.ts";
import { type From, settlePerson } from "./settle-person.ts";
import { keepPerson, takeSignIn } from "./sign-ins.ts";
import { signedInAs } from "./signed-in.ts";
import { readTerminal, type WaitingTerminal } from "./terminals.ts";

/** Whoever signed in has a token. */
export interface SignedInHere {
  name: string;
  made: MadeToken;
  grants: readonly Grant[];
}

/** Whoever signed in is asked whether a terminal shall have one. */
export interface SignedInForTerminal {
  name: string;
  terminal: WaitingTerminal;
  /** What the answer brings with it. */
  confirm: string;
}

type SignedIn = SignedInHere | SignedInForTerminal;

type Needs = Pick<Registry, "db"> & { provider: Provider };

/** What comes back from the provider, by its query. First the sign-in is used up, whatever comes of it: neither the
 *  browser's secret nor the code is of use again. Throws `sign_in_invalid`, `sign_in_refused`, `identity_exists`,
 *  `terminal_not_found`, `issuer_unavailable`, `issuer_failed`. */
export async function finishSignIn(
  { db, provider }: Needs,
  config: SignInConfig,
  { query, secret }: { query: string; secret: BrowserSecret | null },
  from: From,
): Promise<SignedIn> {
  if (secret === null)
    throw signInInvalid(
      "this browser has begun no sign-in here, or more than ten minutes ago, or under another address",
    );
  // Before anything is used up: another site's page could send this browser here.
  if (new URLSearchParams(query).get("state") !== derived(secret, "state"))
    throw signInInvalid("the answer is to another sign-in than the one that this browser began last (state)");
  const begun = await takeSignIn({ db }, secret);
  if (begun === null) throw signInInvalid("this sign-in is over: it was used, or began more than ten minutes ago");
  const account = accountOf(await provider.claimsOf(query, secret), config);
  const terminal = begun.terminal === null ? null : await readTerminal({ db }, begun.terminal);
  return settlePerson({ db }, config, account, from, async (tx, person): Promise<SignedIn> => {
    const { identity, groupGrants } = person;
    if (terminal !== null) {
      await keepPerson(tx, secret, signedInAs(identity, account));
      return { name: identity.name, terminal, confirm: derived(secret, "confirm") };
    }
    const made = await giveToken(tx, config, "browser", person);
    return { name: identity.name, made, grants: [...identity.grants, ...groupGrants] };
  });
}
