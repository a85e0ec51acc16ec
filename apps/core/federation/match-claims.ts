import type { Claims } from "./id-token.ts";
import { knownProviders, unwantedIn } from "./providers.ts";
import type { PublisherRule } from "./publisher-rule.ts";

/** The claims of a token that are not what a rule wants, by name; none where it matches. Texts are compared code unit by code
 *  unit: no case is folded and no Unicode form is like another. What is missing, a list or a number is not the text. */
export function mismatches(
  { claims: wanted, provider }: Pick<PublisherRule, "claims" | "provider">,
  token: Claims,
): string[] {
  const differing = Object.entries(wanted).filter(([name, value]) => !isAs(name, value, own(token, name)));
  const { startedBy } = knownProviders[provider];
  const unknownStart = startedBy !== null && typeof own(token, startedBy) !== "string" ? [startedBy] : [];
  return [...new Set([...differing.map(([name]) => name), ...unknownStart, ...unwantedIn(token, wanted)])];
}

/** Whether a token is of the repository that a rule names: its rules are told to whoever is there. */
export function isOfSameRepository(
  { claims: wanted, provider }: Pick<PublisherRule, "claims" | "provider">,
  token: Claims,
): boolean {
  const { named } = knownProviders[provider];
  return named.length > 0 && named.some((name) => own(token, name) === wanted[name]);
}

function isAs(name: string, wanted: string | boolean, given: unknown): boolean {
  if (typeof wanted !== "string" || typeof given !== "string") return given === wanted;
  const beginning = name === "ref" && wanted.endsWith("*") ? wanted.slice(0, -1) : null;
  return beginning === null ? given === wanted : given.length > beginning.length && given.startsWith(beginning);
}

function own(token: Claims, name: string): unknown {
  return Object.hasOwn(token, name) ? token[name] : undefined;
}
