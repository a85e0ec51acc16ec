import type { JWK } from "jose";
import { messageOf, SlipwayError } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";
import { fetchDocument, type Reach } from "./issuer-document.ts";
import { mayBeIssuer } from "./issuer-url.ts";

/** The public keys of issuers, as they publish them (OpenID Connect Discovery 1.0 §4, RFC 7517). Made once a process. */
export interface IssuerKeys {
  /** Those of the name `kid`; none where the issuer has none. Only for an issuer that a rule names. Throws
   *  `issuer_unavailable`. */
  find(issuer: string, kid: string): Promise<JWK[]>;
}

export const keyTimes = {
  /** As old may they be that nobody asks for: a key that an issuer takes back is good for so long. */
  freshMs: 10 * 60_000,
  /** The same while the issuer does not answer. */
  staleMs: 60 * 60_000,
  /** For a key that is not among them the issuer is asked again, this much apart: whoever invents names asks it nothing. */
  cooldownMs: 30_000,
  /** After an issuer did not answer. */
  failedMs: 5_000,
  /** For both documents. */
  fetchMs: 5_000,
};

interface Known {
  keys: JWK[];
  at: number;
}

export function openIssuerKeys(
  { log, ...reach }: Pick<Registry, "log"> & Reach,
  now: () => number = () => performance.now(),
): IssuerKeys {
  const known = new Map<string, Known>();
  const failedAt = new Map<string, number>();
  const fetching = new Map<string, Promise<Known>>();

  /** Once for all who ask meanwhile. */
  const refresh = (issuer: string): Promise<Known> => {
    const running = fetching.get(issuer);
    if (running !== undefined) return running;
    const fetched = fetchKeys(issuer, reach)
      .then(
        (keys) => {
          const current = { keys, at: now() };
          known.set(issuer, current);
          failedAt.delete(issuer);
          return current;
        },
        (error: unknown) => {
          failedAt.set(issuer, now());
          log.warn({ issuer, error: messageOf(error) }, "the keys of an issuer could not be read");
          throw error;
        },
      )
      .finally(() => fetching.delete(issuer));
    fetching.set(issuer, fetched);
    return fetched;
  };

  return {
    async find(issuer, kid) {
      const named = ({ keys }: Known) => keys.filter((key) => key.kid === kid);
      const have = known.get(issuer);
      const age = have === undefined ? Number.POSITIVE_INFINITY : now() - have.at;
      const found = have === undefined ? [] : named(have);
      if (have !== undefined && age < (found.length > 0 ? keyTimes.freshMs : keyTimes.cooldownMs)) return found;
      const isFailing = now() - (failedAt.get(issuer) ?? Number.NEGATIVE_INFINITY) < keyTimes.failedMs;
      try {
        if (isFailing) throw new Error("it did not answer a moment ago");
        return named(await refresh(issuer));
      } catch {
        if (found.length > 0 && age < keyTimes.staleMs) return found;
        throw new SlipwayError(
          "issuer_unavailable",
          `the keys of ${issuer} cannot be read at the moment: try again shortly`,
        );
      }
    },
  };
}

async function fetchKeys(issuer: string, reach: Reach): Promise<JWK[]> {
  const signal = AbortSignal.timeout(keyTimes.fetchMs);
  const discovery = new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const { issuer: named, jwks_uri: place } = await fetchDocument(discovery, reach, signal);
  if (named !== issuer) throw new Error(`${discovery.href} is the document of another issuer`);
  if (typeof place !== "string" || !mayBeIssuer(place)) throw new Error(`${discovery.href} has no jwks_uri over https`);
  const { keys } = await fetchDocument(new URL(place), reach, signal);
  if (!Array.isArray(keys)) throw new Error(`${place} is no set of keys`);
  return keys.filter(isPublicKey);
}

/** A secret among them would be one that all can read. */
function isPublicKey(key: unknown): key is JWK {
  const { kty, kid } = (typeof key === "object" && key !== null ? key : {}) as { kty?: unknown; kid?: unknown };
  return typeof kid === "string" && (kty === "RSA" || kty === "EC" || kty === "OKP");
}
