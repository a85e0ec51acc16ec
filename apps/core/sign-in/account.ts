import type { AccountKey } from "#core/access/identities.ts";
import { identityNameLength, identityNamePattern } from "#core/access/identities.ts";
import { SlipwayError } from "#core/errors.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";

/** What a provider says of a person, by name. */
export type Claims = Readonly<Record<string, unknown>>;

/** An account at the provider, as it was said at this sign-in. */
export interface Account extends AccountKey {
  /** What a new person is called; null where no claim fits. */
  name: string | null;
  /** For display. */
  title: string;
  /** Null where nothing is said of groups. */
  groups: readonly string[] | null;
}

export function signInRefused(why: string): SlipwayError {
  return new SlipwayError("sign_in_refused", `you are not signed in: ${why}`);
}

/** The provider's fault, or its settings'. */
export function issuerFailed(why: string, cause?: unknown): SlipwayError {
  const message = `the provider's answer cannot be taken: ${why}; its operator, or Slipway's, has to see to that`;
  return new SlipwayError("issuer_failed", message, cause === undefined ? {} : { cause });
}

/** Throws `issuer_failed` for claims of another form than OpenID Connect Core 1.0 §5.1 has, and `sign_in_refused` where
 *  groups were too many to be said. */
export function accountOf(claims: Claims, config: Pick<SignInConfig, "issuer" | "nameClaim" | "groupsClaim">): Account {
  const { sub } = claims;
  if (typeof sub !== "string" || !/^[\x20-\x7e]{1,255}$/.test(sub))
    throw issuerFailed("its sub is no text of 1 to 255 ASCII characters");
  return {
    issuer: config.issuer,
    subject: sub,
    name: nameOf(claims, config.nameClaim),
    title: titleOf(claims),
    groups: groupsOf(claims, config.groupsClaim),
  };
}

const nameShape = new RegExp(identityNamePattern);

/** The claim of the settings, or an address that the provider has verified. ASCII alone: of other letters some become
 *  ASCII in lower case. */
function nameOf(claims: Claims, nameClaim: string): string | null {
  const verified = claims["email_verified"] === true ? claims["email"] : null;
  const said = nameClaim === "email" ? [verified] : [claims[nameClaim], verified];
  const names = said.flatMap((text) =>
    typeof text === "string" && /^[\x21-\x7e]+$/.test(text) ? [text.toLowerCase()] : [],
  );
  return names.find((name) => name.length <= identityNameLength && nameShape.test(name)) ?? null;
}

/** Shown to others, so nothing in it turns or hides what stands beside it. */
function titleOf({ name }: Claims): string {
  return typeof name === "string" && name.length <= 200 && /^\P{C}+$/u.test(name) ? name : "";
}

/** A single text is a list of one. Compared as they stand. */
function groupsOf(claims: Claims, groupsClaim: string): string[] | null {
  if (isOverage(claims, groupsClaim))
    throw signInRefused(
      `you are in more groups than fit into the provider's token (${groupsClaim}): have it name the groups of this application alone, or roles`,
    );
  const said = claims[groupsClaim];
  if (said === undefined || said === null) return null;
  const groups: unknown[] = Array.isArray(said) ? said : [said];
  if (!groups.every((group) => typeof group === "string")) throw issuerFailed(`its ${groupsClaim} is no list of texts`);
  return groups;
}

/** Entra's "groups overage claim": the claim is elsewhere (OpenID Connect Core 1.0 §5.6.2), where only Entra's own clients
 *  ask. */
function isOverage(claims: Claims, groupsClaim: string): boolean {
  const elsewhere = claims["_claim_names"];
  const isElsewhere = typeof elsewhere === "object" && elsewhere !== null && Object.hasOwn(elsewhere, groupsClaim);
  return isElsewhere || (groupsClaim === "groups" && [true, "true"].includes(claims["hasgroups"] as boolean));
}
