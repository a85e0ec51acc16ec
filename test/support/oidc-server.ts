import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { whenDone } from "./when-done.ts";

const client = { client_id: "trainer", client_secret: "a secret of the tests" };

export interface OidcServer {
  url: string;
  tokenFor(audience: string): Promise<string>;
}

/** An issuer that others have written: tokens by client credentials (RFC 6749 §4.4), as JWTs for a resource (RFC 9068).
 *  `more` is what they say beside that. */
export async function oidcServer(more: () => Record<string, unknown> = () => ({})): Promise<OidcServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(url, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: "of the server" }] },
    clients: [{ ...client, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    extraTokenClaims: () => more(),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_context, resource) => ({
          scope: "",
          audience: resource,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  server.on("request", provider.callback());
  whenDone(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url,
    async tokenFor(audience) {
      const body = new URLSearchParams({ ...client, grant_type: "client_credentials", resource: audience });
      const answer = await fetch(`${url}/token`, { method: "POST", body, signal: AbortSignal.timeout(30_000) });
      const { access_token: token } = (await answer.json()) as { access_token?: string };
      if (token === undefined) throw new Error(`the server answered ${answer.status}`);
      return token;
    },
  };
}
