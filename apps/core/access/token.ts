import { createHash, randomInt, timingSafeEqual } from "node:crypto";

/*
 * A token, as it is shown once:
 *
 *   slpw_ 32 characters of chance (190 bits)  6 characters of checksum
 *
 * All in base 62. Prefix and checksum let a scanner find a leaked one without asking us, and a mistyped one be refused
 * without asking the database. What is stored is its SHA-256: with so much chance in it nothing slower is needed.
 * A setup code begins with slps_ instead.
 */
export type Token = string & { readonly token: unique symbol };

const prefixes = { token: "slpw_", setup: "slps_" } as const;
export type TokenKind = keyof typeof prefixes;

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const chanceLength = 32;
const checksumLength = 6;
const shape = new RegExp(`^[0-9A-Za-z]{${chanceLength + checksumLength}}$`);

export function newToken(kind: TokenKind): Token {
  const chance = Array.from({ length: chanceLength }, () => alphabet[randomInt(alphabet.length)]).join("");
  const named = `${prefixes[kind]}${chance}`;
  return `${named}${checksum(named)}` as Token;
}

/** Null for what was never one of ours: cut, mistyped, another system's. */
export function parseToken(text: string): { kind: TokenKind; token: Token } | null {
  const kind = (Object.keys(prefixes) as TokenKind[]).find((name) => text.startsWith(prefixes[name]));
  if (kind === undefined || !shape.test(text.slice(prefixes[kind].length))) return null;
  const named = text.slice(0, -checksumLength);
  return text.endsWith(checksum(named)) ? { kind, token: text as Token } : null;
}

/** What is stored and looked up: 64 lower-case hex digits. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** Of two of `hashOf`; takes the same time whatever differs. */
export function sameHash(given: string, expected: string): boolean {
  return timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

/** The first 32 bits of SHA-256, as six digits of base 62. */
function checksum(named: string): string {
  let rest = createHash("sha256").update(named).digest().readUInt32BE(0);
  let digits = "";
  for (let place = 0; place < checksumLength; place += 1) {
    digits = `${alphabet[rest % alphabet.length]}${digits}`;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
