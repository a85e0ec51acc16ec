import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { type Claims, tokenRefused, type UnverifiedToken } from "./id-token.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

/** Signed with a key pair alone: with a shared secret, or none, anybody signs who can read the public key. */
const algorithms = ["RS256", "ES256", "EdDSA", "Ed25519"];

export const tokenTimes = {
  /** Clocks may differ by that. */
  leewaySeconds: 60,
  /** From `iat`, whatever `exp` says: for so long is remembered that it was exchanged. */
  oldestSeconds: 60 * 60,
};

export interface VerifiedToken {
  claims: Claims;
  jti: string;
  /** When it is too old to be exchanged. */
  until: Date;
}

/** Signature, issuer, algorithm and times (RFC 8725). Throws `id_token_refused`, `issuer_unavailable`. */
export async function verifyToken(
  keys: IssuerKeys,
  { text, kid }: UnverifiedToken,
  issuer: string,
): Promise<VerifiedToken> {
  const named = await keys.find(issuer, kid);
  if (named.length === 0) throw tokenRefused("its issuer has no key of the name (kid) in its header");
  const { payload } = await jwtVerify(text, createLocalJWKSet({ keys: named }), {
    algorithms,
    issuer,
    clockTolerance: tokenTimes.leewaySeconds,
    maxTokenAge: tokenTimes.oldestSeconds,
    requiredClaims: ["exp", "iat", "jti", "aud"],
  }).catch((error: unknown) => {
    throw tokenRefused(whyOf(error));
  });
  const { jti, iat = 0 } = payload;
  if (typeof jti !== "string" || jti === "" || jti.length > 255)
    throw tokenRefused("its id (jti) is no text of 1 to 255 characters, so that it could come twice");
  const until = new Date((iat + tokenTimes.oldestSeconds + tokenTimes.leewaySeconds) * 1_000);
  return { claims: payload as JWTPayload & Claims, jti, until };
}

/** `aud` is our own and nobody else's beside it: of a list of several the others could show us what they were shown. */
function isFor({ aud }: Claims, audience: string): boolean {
  return Array.isArray(aud) ? aud.length === 1 && aud[0] === audience : aud === audience;
}

/** A rule's own audience is meant character by character. That of the instance is an address, which one writes with a `/` at
 *  its end and another without. */
export function isForRule(claims: Claims, named: string | null, publicUrl: string | null): boolean {
  if (named !== null) return isFor(claims, named);
  return publicUrl !== null && (isFor(claims, publicUrl) || isFor(claims, `${publicUrl}/`));
}

function whyOf(error: unknown): string {
  if (error instanceof errors.JWTExpired)
    return error.claim === "iat" ? "it is older than an hour (iat)" : "it has expired (exp)";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf") return "it is not valid yet (nbf)";
    if (error.claim === "iat") return "it says that it was made in the future (iat), or not when";
    return error.reason === "missing" ? `it has no ${error.claim}` : `its ${error.claim} is wrong`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `it is signed with another algorithm than ${algorithms.join(", ")}`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is not one of its issuer's key";
  return "it is not signed with its issuer's key as its header says";
}
