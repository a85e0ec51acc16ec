/*
 * Amazon ECR ("Private registry authentication in Amazon ECR"): GetAuthorizationToken gives base64("AWS:<token>"), which
 * holds for 12 hours. A repository has to be made before its first push.
 */
import { messageOf } from "#core/errors.ts";
import type { Credentials } from "../../registry-client/credential-source.ts";
import { RegistryError } from "../../registry-client/registry-error.ts";
import { ecrHost } from "./cloud-hosts.ts";
import type { FetchedLogin } from "./held-login.ts";

export interface EcrAccess {
  host: string;
  /** An access key; null for what the AWS SDK finds: variables, files, roles. */
  accessKey: Credentials | null;
}

/** The SDK is loaded by the first who needs it. */
async function openEcr({ host, accessKey }: EcrAccess) {
  const sdk = await import("@aws-sdk/client-ecr");
  const [, registryId, region] = ecrHost.exec(host) ?? [];
  const client = new sdk.ECRClient({
    ...(region === undefined ? {} : { region }),
    ...(accessKey === null
      ? {}
      : { credentials: { accessKeyId: accessKey.username, secretAccessKey: accessKey.password } }),
    maxAttempts: 2,
  });
  return { sdk, client, account: registryId === undefined ? {} : { registryId } };
}

export async function ecrLogin(access: EcrAccess, signal: AbortSignal): Promise<FetchedLogin> {
  const { sdk, client } = await openEcr(access);
  try {
    const answer = await client.send(new sdk.GetAuthorizationTokenCommand({}), { abortSignal: signal });
    const [given] = answer.authorizationData ?? [];
    const decoded = Buffer.from(given?.authorizationToken ?? "", "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon < 1) throw new Error("the answer holds no token");
    return {
      username: decoded.slice(0, colon),
      password: decoded.slice(colon + 1),
      expiresAt: given?.expiresAt ?? null,
    };
  } catch (error) {
    throw awsRefusal(error, `give a login for ${access.host}`);
  } finally {
    client.destroy();
  }
}

/** No error where it is there already. */
export async function createEcrRepository(access: EcrAccess, path: string, signal: AbortSignal): Promise<void> {
  const { sdk, client, account } = await openEcr(access);
  try {
    await client.send(new sdk.CreateRepositoryCommand({ ...account, repositoryName: path }), { abortSignal: signal });
  } catch (error) {
    if (!(error instanceof sdk.RepositoryAlreadyExistsException))
      throw awsRefusal(error, `make the repository ${path} in ${access.host}`);
  } finally {
    client.destroy();
  }
}

/** With what is in it. */
export async function deleteEcrRepository(access: EcrAccess, path: string, signal: AbortSignal): Promise<void> {
  const { sdk, client, account } = await openEcr(access);
  try {
    await client.send(new sdk.DeleteRepositoryCommand({ ...account, repositoryName: path, force: true }), {
      abortSignal: signal,
    });
  } catch (error) {
    if (!(error instanceof sdk.RepositoryNotFoundException))
      throw awsRefusal(error, `delete the repository ${path} of ${access.host}`);
  } finally {
    client.destroy();
  }
}

function awsRefusal(error: unknown, deed: string): RegistryError {
  const { name = "", $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? null;
  return new RegistryError(`AWS did not ${deed}: ${name === "" ? "" : `${name}: `}${messageOf(error)}`, {
    status,
    cause: error,
  });
}
