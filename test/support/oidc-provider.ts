import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import Provider from "oidc-provider";
import { whenDone } from "./when-done.ts";

/** A provider of OpenID Connect that others have written, on a port of this machine. */
export interface TestProvider {
  url: string;
  /** By their `sub`; whoever comes is signed in as `current`, without a question. */
  accounts: Record<string, Record<string, unknown>>;
  current: string;
  /** Answers a path in the provider's place. */
  instead: Record<string, RequestListener>;
  /** Paths that were asked for. */
  asked: string[];
  /** An ID token by its key: what is given takes the place of what it would say. */
  idToken(claims: Record<string, unknown>, header?: { alg?: string; kid?: string }): Promise<string>;
}

export const client = { id: "slipway", secret: "a client's secret of the tests, with / and +" };

/** As many as there are, since `groups` is no scope of OpenID Connect. */
const claims = {
  openid: ["sub"],
  profile: ["name", "preferred_username"],
  email: ["email", "email_verified"],
  groups: ["groups", "hd"],
};

/** `inToken`: it says all in the ID token, and else most to the user info endpoint alone. */
export async function oidcProvider({
  redirectUri,
  inToken = false,
}: {
  redirectUri: string;
  inToken?: boolean;
}): Promise<TestProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const kid = "of the provider";
  const provider: Provider = new Provider(url, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid }] },
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [redirectUri],
        response_types: ["code"],
        grant_types: ["authorization_code"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
    claims,
    scopes: ["openid", "profile", "email", "groups"],
    conformIdTokenClaims: !inToken,
    pkce: { required: () => true },
    cookies: { keys: ["of the tests"] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, ...made.accounts[sub] }),
    }),
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    async loadExistingGrant({ oidc }): Promise<InstanceType<Provider["Grant"]>> {
      const grant = new provider.Grant({ clientId: client.id, accountId: oidc.session?.accountId ?? "" });
      grant.addOIDCScope("openid profile email groups");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  server.on("request", (request, response) => {
    const path = request.url?.split("?", 1)[0] ?? "";
    made.asked.push(path);
    const instead = made.instead[path];
    if (instead !== undefined) return instead(request, response);
    if (path.startsWith("/interaction/"))
      return void provider.interactionFinished(request, response, { login: { accountId: made.current } });
    return void answer(request, response);
  });
  whenDone(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const made: TestProvider = {
    url,
    accounts: {},
    current: "",
    instead: {},
    asked: [],
    async idToken(said, header = {}) {
      const now = Math.floor(Date.now() / 1_000);
      return new SignJWT({ iss: url, aud: client.id, iat: now, exp: now + 300, ...said })
        .setProtectedHeader({ alg: "RS256", kid, ...header })
        .sign(privateKey);
    },
  };
  return made;
}
