import { createHmac, randomBytes } from "node:crypto";

/*
 * What a browser keeps while its person is at the provider: 32 bytes of chance, in base64url. All else comes of it:
 *
 *   state     goes to the provider and comes back (RFC 6749 §10.12)
 *   nonce     stands in the ID token (OpenID Connect Core 1.0 §15.5.2)
 *   verifier  is shown for the code, and its SHA-256 before (PKCE, RFC 7636)
 *   confirm   stands in the form that lets a terminal in
 *
 * so that the database, which knows its hash alone, holds nothing that would help anybody.
 */
export type BrowserSecret = string & { readonly browserSecret: unique symbol };

export function newBrowserSecret(): BrowserSecret {
  return randomBytes(32).toString("base64url") as BrowserSecret;
}

/** Null for what is none. */
export function parseBrowserSecret(text: string): BrowserSecret | null {
  return /^[A-Za-z0-9_-]{43}$/.test(text) ? (text as BrowserSecret) : null;
}

export function derived(secret: BrowserSecret, what: "state" | "nonce" | "verifier" | "confirm"): string {
  return createHmac("sha256", secret).update(what).digest("base64url");
}
