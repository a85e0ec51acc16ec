import { isLoopback } from "#core/loopback.ts";

/** Whether what is read there can be believed: over TLS, or from this machine. */
export function mayBeIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && isLoopback(hostname));
}

/** Null for an issuer as tokens name it, character by character. */
export function whyNoIssuer(text: string): string | null {
  if (!mayBeIssuer(text)) return "the issuer is an https:// URL, or an http:// one of this machine";
  const { href, search, hash } = new URL(text);
  if (search !== "" || hash !== "" || /[?#]/.test(text)) return "the URL of an issuer has no query and no fragment";
  if (href !== text && href !== `${text}/`) return `write the issuer as its tokens do, such as ${href}`;
  return null;
}
