import { SlipwayError } from "#core/errors.ts";
import { jsonFault } from "#core/json-faults.ts";

/** What stands in a token of an issuer, by name. */
export type Claims = Readonly<Record<string, unknown>>;

/** A JWT (RFC 7519) as it came: who signed it is not known yet. */
export interface UnverifiedToken {
  text: string;
  kid: string;
  claims: Claims;
}

export const longestIdToken = 16 * 1024;

/** Wrong in itself: form, signature, time, audience. `why` ends in no secret and is told. */
export function tokenRefused(why: string): SlipwayError {
  return new SlipwayError("id_token_refused", `the token is not exchanged: ${why}`);
}

/** Three parts of base64url as RFC 7515 §2 writes it, with one reading: a key that stands twice, or bits that a decoder
 *  drops, are refused before any reader chooses. Throws `id_token_refused`. */
export function readIdToken(text: string): UnverifiedToken {
  const parts = text.split(".");
  if (text.length > longestIdToken) throw tokenRefused(`it is longer than ${longestIdToken} characters`);
  if (parts.length !== 3) throw tokenRefused("it is no signed JWT of three parts, such as a pipeline is given");
  const [header, claims] = [read(parts[0], "header"), read(parts[1], "payload")];
  if (typeof header["kid"] !== "string" || header["kid"] === "")
    throw tokenRefused("its header names no key (kid) that signed it");
  return { text, kid: header["kid"], claims };
}

function read(part: string | undefined, where: string): Claims {
  const bytes = Buffer.from(part ?? "", "base64url");
  const isExact = part !== "" && bytes.toString("base64url") === part;
  const text = isExact ? decode(bytes) : null;
  if (text === null) throw tokenRefused(`its ${where} is no base64url of UTF-8`);
  const fault = jsonFault(text, 20);
  if (fault !== null) throw tokenRefused(`in its ${where} ${fault}`);
  const value = parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw tokenRefused(`its ${where} is no JSON object`);
  return value as Claims;
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
