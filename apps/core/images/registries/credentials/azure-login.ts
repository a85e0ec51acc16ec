/*
 * Azure Container Registry (Azure/acr, docs/AAD-OAuth.md):
 *
 *   an access token of Entra ID           by @azure/identity: variables, workload identity, managed identity
 *   POST https://<registry>/oauth2/exchange grant_type=access_token, service, access_token → {refresh_token}, 3 hours
 *   GET  https://<registry>/oauth2/token  with user 0000…-0000 and the refresh token: the flow of every registry
 */
import type { TokenCredential } from "@azure/identity";
import { messageOf } from "#core/errors.ts";
import { originOf } from "../../registry-client/client.ts";
import { readLimited } from "../../registry-client/read-limited.ts";
import { RegistryError } from "../../registry-client/registry-error.ts";
import { defaultLimits, openTransport } from "../../registry-client/transport.ts";
import type { FetchedLogin } from "./held-login.ts";

export interface AzureAccess {
  host: string;
  plainHttp: boolean;
  /** Trusted certificates (PEM). */
  ca: string | null;
}

const scope = "https://containerregistry.azure.net/.default";
const username = "00000000-0000-0000-0000-000000000000";
const answerLimitBytes = 64 * 1024;
/** Where a refresh token does not say when it ends. */
const lifetimeMs = 3 * 3_600_000;

/** The SDK is loaded by the first who needs it. */
export async function azureLogin(access: AzureAccess, signal: AbortSignal): Promise<FetchedLogin> {
  const identity = await import("@azure/identity");
  let accessToken: string;
  try {
    const chain = new identity.ChainedTokenCredential(...servers(identity));
    ({ token: accessToken } = await chain.getToken(scope, { abortSignal: signal }));
  } catch (error) {
    throw new RegistryError(`Azure gave no access token: ${messageOf(error)}`, { cause: error });
  }
  const password = await exchange(access, accessToken, signal);
  return { username, password, expiresAt: endOf(password) };
}

/** What a server has: the rest of the default chain runs programs of a developer's, which would know all secrets here. */
function servers({
  EnvironmentCredential,
  WorkloadIdentityCredential,
  ManagedIdentityCredential,
}: typeof import("@azure/identity")): TokenCredential[] {
  const workload = (): TokenCredential[] => {
    try {
      return [new WorkloadIdentityCredential()];
    } catch {
      return []; // it is made only where its variables are set
    }
  };
  return [new EnvironmentCredential(), ...workload(), new ManagedIdentityCredential()];
}

async function exchange(
  { host, plainHttp, ca }: AzureAccess,
  accessToken: string,
  signal: AbortSignal,
): Promise<string> {
  const transport = openTransport(defaultLimits, ca);
  try {
    const form = new URLSearchParams({ grant_type: "access_token", service: host, access_token: accessToken });
    const answer = await transport.send({
      method: "POST",
      url: new URL("/oauth2/exchange", originOf(host, plainHttp)),
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from(form.toString()),
      signal,
    });
    const text = (await readLimited(answer.body, answerLimitBytes, `the token of ${host}`, signal)).toString("utf8");
    if (answer.status !== 200)
      throw new RegistryError(
        `registry ${host} took no access token of Azure: it answered ${answer.status}; give this identity the role AcrPush`,
        { status: answer.status },
      );
    return refreshTokenIn(text, host);
  } finally {
    await transport.close();
  }
}

function refreshTokenIn(text: string, host: string): string {
  try {
    const { refresh_token: token } = JSON.parse(text) as { refresh_token?: unknown };
    if (typeof token === "string" && token !== "") return token;
  } catch {
    // The message would hold a piece of the answer.
  }
  throw new RegistryError(`registry ${host} answered without a refresh token`);
}

/** `exp` of a JSON web token (RFC 7519, section 4.1.4), in seconds. */
function endOf(token: string): Date {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
      exp?: unknown;
    };
    if (typeof exp === "number") return new Date(exp * 1_000);
  } catch {
    // Opaque.
  }
  return new Date(Date.now() + lifetimeMs);
}
