import * as openid from "openid-client";
import { messageOf, SlipwayError } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";
import { type Claims, issuerFailed, signInRefused } from "./account.ts";
import { type BrowserSecret, derived } from "./browser-secret.ts";
import { ProviderAway, providerFetch } from "./provider-fetch.ts";

/** The provider of OpenID Connect that the settings name. Made once a process; asked for nothing before somebody signs in. */
export interface Provider {
  /** Where a browser is sent. Throws `issuer_unavailable`, `issuer_failed`. */
  authorizationUrl(secret: BrowserSecret): Promise<URL>;
  /** What the provider says of whoever it sent back, by the query of that request: the code is shown, with the verifier,
   *  and signature, issuer, audience, times and nonce of the ID token are checked. Throws `sign_in_invalid`,
   *  `sign_in_refused`, `issuer_unavailable`, `issuer_failed`. */
  claimsOf(query: string, secret: BrowserSecret): Promise<Claims>;
}

const times = {
  /** Each answer. */
  answerSeconds: 5,
  /** Until its document is read again. */
  freshMs: 60 * 60_000,
  /** After it did not answer. */
  failedMs: 5_000,
  /** Clocks may differ by that. */
  leewaySeconds: 60,
};

export const callbackPath = "/v1/sign-in/callback";

export function openProvider(
  { config: { ca }, log }: Pick<Registry, "config" | "log">,
  settings: SignInConfig,
  now: () => number = () => performance.now(),
): Provider {
  const redirectUri = `${settings.publicUrl}${callbackPath}`;
  let known: { client: openid.Configuration; at: number } | null = null;
  let failedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<openid.Configuration> | null = null;

  const discovered = async (): Promise<openid.Configuration> => {
    if (known !== null && now() - known.at < times.freshMs) return known.client;
    if (now() - failedAt < times.failedMs) throw new ProviderAway("it did not answer a moment ago");
    asking ??= discover(settings, ca)
      .then((client) => {
        known = { client, at: now() };
        return client;
      })
      .catch((error: unknown) => {
        failedAt = now();
        throw error;
      })
      .finally(() => {
        asking = null;
      });
    return asking;
  };
  const translated = (error: unknown): SlipwayError => {
    const fault = faultOf(error);
    // The line alone: what lies behind it may hold the code or a token.
    if (fault.code.startsWith("issuer_"))
      log.warn({ issuer: settings.issuer, error: lineOf(error) }, "nobody can sign in at the provider");
    return fault;
  };

  return {
    async authorizationUrl(secret) {
      const client = await discovered().catch((error: unknown) => {
        throw translated(error);
      });
      return openid.buildAuthorizationUrl(client, {
        redirect_uri: redirectUri,
        scope: settings.scopes,
        state: derived(secret, "state"),
        nonce: derived(secret, "nonce"),
        code_challenge: await openid.calculatePKCECodeChallenge(derived(secret, "verifier")),
        code_challenge_method: "S256",
      });
    },
    async claimsOf(query, secret) {
      try {
        const client = await discovered();
        const url = new URL(`${redirectUri}?${query}`);
        requireOwnIssuer(url, client.serverMetadata());
        const answer = await openid.authorizationCodeGrant(client, url, {
          expectedState: derived(secret, "state"),
          expectedNonce: derived(secret, "nonce"),
          pkceCodeVerifier: derived(secret, "verifier"),
        });
        const claims = answer.claims() as Claims & { sub: string; iss: string };
        // One client of a provider of many companies would let all of them in (Entra's "common").
        if (claims.iss !== settings.issuer) throw issuerFailed("its token is another issuer's");
        return await completed(client, claims, answer.access_token, settings);
      } catch (error) {
        throw translated(error);
      }
    },
  };
}

/** Some say groups and names to the user info endpoint alone. */
async function completed(
  client: openid.Configuration,
  claims: Claims & { sub: string },
  accessToken: string,
  { groupsClaim, nameClaim }: SignInConfig,
): Promise<Claims> {
  const isWhole = [groupsClaim, nameClaim].every((name) => claims[name] !== undefined);
  if (isWhole || client.serverMetadata().userinfo_endpoint === undefined) return claims;
  return { ...(await openid.fetchUserInfo(client, accessToken, claims.sub)), ...claims };
}

async function discover({ issuer, clientId, clientSecret }: SignInConfig, ca: string | null) {
  const isPlain = issuer.startsWith("http:"); // of this machine: sign-in-config.ts
  const client = await openid.discovery(
    new URL(issuer),
    clientId,
    { [openid.clockTolerance]: times.leewaySeconds },
    (server, ...rest) => authentication(server, clientSecret)(server, ...rest),
    {
      timeout: times.answerSeconds,
      [openid.customFetch]: providerFetch(ca),
      execute: [openid.enableNonRepudiationChecks, ...(isPlain ? [openid.allowInsecureRequests] : [])],
    },
  );
  const { issuer: named } = client.serverMetadata();
  if (named !== issuer)
    throw issuerFailed(`it calls itself ${named.slice(0, 200)}, and SLIPWAY_OIDC_ISSUER another name`);
  return client;
}

/** In the body where the provider takes that, since the encoding of Basic (RFC 6749 §2.3.1) is read in two ways. */
function authentication(server: openid.ServerMetadata, secret: string | null): openid.ClientAuth {
  if (secret === null) return openid.None();
  const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  return methods.includes("client_secret_post") ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret);
}

/** An answer of another provider is shown to none (RFC 9207 §2.4). */
function requireOwnIssuer(url: URL, server: openid.ServerMetadata): void {
  const named = url.searchParams.getAll("iss");
  const isWanted = named.length > 0 || server.authorization_response_iss_parameter_supported === true;
  if (isWanted && (named.length !== 1 || named[0] !== server.issuer))
    throw signInInvalid("the answer is not the provider's that you were sent to");
}

export function signInInvalid(why: string): SlipwayError {
  return new SlipwayError("sign_in_invalid", `${why}: begin again`);
}

function faultOf(error: unknown): SlipwayError {
  if (error instanceof SlipwayError) return error;
  if (isAway(error))
    return new SlipwayError("issuer_unavailable", "the provider does not answer at the moment: try again shortly");
  if (error instanceof openid.AuthorizationResponseError) {
    const code = wordOf(error.error);
    return ["server_error", "temporarily_unavailable"].includes(code)
      ? new SlipwayError("issuer_unavailable", "the provider cannot sign anybody in at the moment: try again shortly")
      : signInRefused(`the provider says ${code}`);
  }
  if (error instanceof openid.ResponseBodyError)
    return error.error === "invalid_grant"
      ? signInInvalid("the provider does not take its code any more, or not from here")
      : issuerFailed(`it refuses Slipway with ${wordOf(error.error)}`);
  return issuerFailed(whyOf(error));
}

/** The provider's own code of an error, where it is one (RFC 6749 §4.1.2.1). */
function wordOf(code: string): string {
  return /^[a-z_]{1,60}$/.test(code) ? code : "no";
}

/** Of what `customFetch` throws openid-client makes the cause of an error of its own. */
function isAway(error: unknown): boolean {
  return error instanceof ProviderAway || (error instanceof Error && error.cause instanceof ProviderAway);
}

const reasons: Record<string, string> = {
  OAUTH_RESPONSE_IS_NOT_CONFORM: "it has another status than one of its kind has",
  OAUTH_RESPONSE_IS_NOT_JSON: "it is no JSON",
  OAUTH_PARSE_ERROR: "it is no JSON",
  OAUTH_JWT_CLAIM_COMPARISON_FAILED: "its token is not for this sign-in (iss, aud, azp or nonce)",
  OAUTH_JWT_TIMESTAMP_CHECK_FAILED: "its token has expired, or is not valid yet",
  OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED: "it is about another issuer or person",
};

function whyOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (/signature/i.test(messageOf((error as Error).cause))) return "its token's signature is not by one of its keys";
  return reasons[code ?? ""] ?? `it is not as OpenID Connect has it (${String(message).slice(0, 100)})`;
}

function lineOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${messageOf(error.cause)}` : "";
  return `${messageOf(error)}${cause}`;
}
