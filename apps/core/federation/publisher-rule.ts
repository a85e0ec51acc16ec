import type { Grant } from "#core/access/roles.ts";
import { type Fault, SlipwayError } from "#core/errors.ts";
import { whyNoIssuer } from "./issuer-url.ts";
import { knownProviders, namesProposed, type Provider } from "./providers.ts";

/** Which tokens of an issuer are exchanged, and for what. */
export interface PublisherRule {
  provider: Provider;
  issuer: string;
  /** Null for the instance's own. */
  audience: string | null;
  /** What each must be, character by character. `ref` may end in `*`. */
  claims: Record<string, string | boolean>;
  grants: Grant[];
  tokenSeconds: number;
  disabled: boolean;
}

export const publisherNamePattern = "^[a-z0-9]+(?:[._-][a-z0-9]+)*$";
export const publisherNameLength = 64;
export const tokenSecondsRange = { minimum: 60, maximum: 3_600, default: 900 };
export const mostClaims = 20;

/** Checked by themselves, whatever a rule says. */
const checkedAnyway = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/** Throws `publisher_invalid` with all that is wrong. */
export function checkRule(rule: PublisherRule, ownAudience: string | null): void {
  const faults = [...faultsOfIssuer(rule), ...faultsOfAudience(rule, ownAudience), ...faultsOfClaims(rule)];
  const [first] = faults;
  if (first === undefined) return;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : "";
  throw new SlipwayError("publisher_invalid", `${first.where}: ${first.message}${more}`, { faults });
}

function faultsOfIssuer({ issuer, provider }: PublisherRule): Fault[] {
  const why = whyNoIssuer(issuer);
  if (why !== null) return [{ where: "issuer", message: why }];
  const others = Object.entries(knownProviders).find(([name, known]) => name !== provider && known.issuer.test(issuer));
  return others === undefined ? [] : [{ where: "provider", message: `this issuer is ${others[0]}'s: name that one` }];
}

function faultsOfAudience({ audience }: PublisherRule, ownAudience: string | null): Fault[] {
  if (audience === null && ownAudience === null)
    return [{ where: "audience", message: "name one, or set SLIPWAY_PUBLIC_URL, which is it then" }];
  return audience === null ? [] : faultsOfText("audience", audience);
}

function faultsOfClaims({ claims, provider }: PublisherRule): Fault[] {
  const { named, forms } = knownProviders[provider];
  const faults = Object.entries(claims).flatMap(([name, value]): Fault[] => {
    const where = `claims.${name}`;
    if (checkedAnyway.includes(name)) return [{ where, message: "is checked anyway: leave it out" }];
    if (typeof value === "boolean") return [];
    const isPattern = name === "ref" && value.endsWith("*");
    const text = isPattern ? value.slice(0, -1) : value;
    if (isPattern && text === "") return [{ where, message: "say how it begins: leave it out for any" }];
    const form = forms[name];
    if (form !== undefined && !form.test(isPattern ? `${text}x` : text))
      return [
        { where, message: `${JSON.stringify(value.slice(0, 100))} is none that ${provider} gives (${form.source})` },
      ];
    return faultsOfText(where, text);
  });
  for (const name of named)
    if (typeof claims[name] !== "string")
      faults.push({
        where: `claims.${name}`,
        message: "is wanted: by its name alone a new one of the same name gets in",
      });
  if (Object.keys(claims).length === 0)
    faults.push({ where: "claims", message: "name at least one: whoever has a token of this issuer would get in" });
  if (provider === "gitlab" && claims["ref"] !== undefined && claims["ref_type"] === undefined)
    faults.push({ where: "claims.ref_type", message: "is wanted beside ref: a tag may have the name of a branch" });
  const event = namesProposed(claims);
  if (event !== null)
    faults.push({ where: "claims", message: `${event} runs code that anybody may propose: no rule lets it in` });
  return faults;
}

function faultsOfText(where: string, text: string): Fault[] {
  if (!/^\P{C}+$/u.test(text)) return [{ where, message: "holds characters that nobody sees, or none" }];
  if (text.includes("*")) return [{ where, message: "is compared as it stands: a * is taken at the end of ref alone" }];
  return [];
}
