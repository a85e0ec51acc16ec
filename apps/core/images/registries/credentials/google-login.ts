/*
 * Google Artifact Registry and Container Registry ("Configure authentication to Artifact Registry for Docker", access
 * token): the user `oauth2accesstoken`, and an access token of the application default credentials as its password. It
 * holds for an hour.
 */
import { messageOf } from "#core/errors.ts";
import { RegistryError } from "../../registry-client/registry-error.ts";
import type { FetchedLogin } from "./held-login.ts";

const scope = "https://www.googleapis.com/auth/cloud-platform";
const lifetimeMs = 3_600_000;

/** The library is loaded by the first who needs it. Its search for credentials takes no signal: who asks has a limit. */
export async function googleLogin(_: AbortSignal): Promise<FetchedLogin> {
  const { GoogleAuth } = await import("google-auth-library");
  try {
    // With no project at hand it would look for one, by a program of the user's among others.
    const client = await new GoogleAuth({ scopes: [scope], projectId: "unused" }).getClient();
    const { token } = await client.getAccessToken();
    if (token == null || token === "") throw new Error("the answer holds no token");
    const expiresAt = new Date(client.credentials.expiry_date ?? Date.now() + lifetimeMs);
    return { username: "oauth2accesstoken", password: token, expiresAt };
  } catch (error) {
    throw new RegistryError(`Google gave no access token: ${messageOf(error)}`, { cause: error });
  }
}
