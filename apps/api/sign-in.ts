import { parseCookie, stringifySetCookie } from "cookie";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import { type BrowserSecret, parseBrowserSecret } from "#core/sign-in/browser-secret.ts";
import { openProvider, type Provider } from "#core/sign-in/provider.ts";
import { signInMs } from "#core/sign-in/sign-ins.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";

export interface SignIn {
  settings: SignInConfig;
  provider: Provider;
}

/** Null where nobody signs in. */
export function openSignIn({ registry }: Pick<FastifyInstance, "registry">): SignIn | null {
  const { signIn: settings } = registry.config;
  return settings === null ? null : { settings, provider: openProvider(registry, settings) };
}

/** Throws `sign_in_unset`. */
export function signInOf({ signIn }: FastifyInstance): SignIn {
  if (signIn !== null) return signIn;
  throw new SlipwayError(
    "sign_in_unset",
    "nobody signs in here: the operator has named no provider (SLIPWAY_OIDC_ISSUER)",
  );
}

/** `__Host-`: no other name of the same domain can have put it there (RFC 6265bis §4.1.3.2). Over http, on this machine, a
 *  browser would not take it. */
function cookieName({ publicUrl }: SignInConfig): string {
  return publicUrl.startsWith("https:") ? "__Host-slipway-sign-in" : "slipway-sign-in";
}

/** `Lax`: it comes back with the link that the provider sends the browser along, and with no form of another site. Null
 *  takes it away. */
export function secretCookie(settings: SignInConfig, secret: BrowserSecret | null): string {
  return stringifySetCookie(cookieName(settings), secret ?? "", {
    path: "/",
    httpOnly: true,
    sameSite: "lax",
    secure: settings.publicUrl.startsWith("https:"),
    maxAge: secret === null ? 0 : signInMs / 1_000,
  });
}

export function secretIn({ headers }: FastifyRequest, settings: SignInConfig): BrowserSecret | null {
  return parseBrowserSecret(parseCookie(headers.cookie ?? "")[cookieName(settings)] ?? "");
}
