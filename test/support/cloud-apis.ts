import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { whenDone } from "./when-done.ts";

export interface CloudApis {
  /** Operations that were asked for, such as `CreateRepository team/churn`. */
  asked: string[];
  /** What ECR knows. */
  repositories: Set<string>;
  /** Of the logins that were given out: how long they hold. */
  lifetimeMs: number;
  /** Every login that was given out: one holds on when another is given. */
  logins: Set<string>;
  /** Answers 500 or 403 to all of them. */
  broken: boolean;
}

/** What the clouds' SDKs ask for a registry's login, as documented: ECR's API (JSON 1.1), Google's metadata server, and
 *  the identity endpoint of an Azure App Service. The environment of this process leads the real SDKs there. */
export async function cloudApis(): Promise<CloudApis> {
  const apis: CloudApis = {
    asked: [],
    repositories: new Set(),
    lifetimeMs: 3_600_000,
    logins: new Set(),
    broken: false,
  };
  const newLogin = (cloud: string): string => {
    const login = `${cloud}-token-${apis.logins.size}`;
    apis.logins.add(login);
    return login;
  };
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: object | string }> => {
    const url = new URL(request.url ?? "", "http://x");
    const operation = String(request.headers["x-amz-target"] ?? "").split(".")[1];
    const seconds = Math.round(apis.lifetimeMs / 1_000);
    if (operation !== undefined) {
      const { repositoryName = "" } = JSON.parse(await text(request)) as { repositoryName?: string };
      apis.asked.push(`${operation} ${repositoryName}`.trim());
      if (!/Credential=AKIATEST/.test(request.headers.authorization ?? "") || apis.broken)
        return { status: 400, body: { __type: "AccessDeniedException", message: `not allowed to ${operation}` } };
      return ecr(operation, repositoryName, seconds);
    }
    if (url.pathname.startsWith("/computeMetadata/")) {
      if (!url.pathname.endsWith("/token")) return { status: 200, body: "ok" };
      apis.asked.push("google token");
      if (apis.broken) return { status: 403, body: "forbidden" };
      const access_token = newLogin("google");
      return { status: 200, body: { access_token, expires_in: seconds, token_type: "Bearer" } };
    }
    apis.asked.push("azure token");
    if (apis.broken || request.headers["x-identity-header"] !== "azure-test-header") return { status: 400, body: {} };
    const access_token = newLogin("azure");
    const expires_on = Math.round(Date.now() / 1_000) + seconds;
    return {
      status: 200,
      body: { access_token, expires_on: String(expires_on), token_type: "Bearer" },
    };
  };
  const ecr = (operation: string, name: string, seconds: number) => {
    const fault = (__type: string) => ({ status: 400, body: { __type, message: `${operation} of ${name}` } });
    if (operation === "CreateRepository") {
      if (!/^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name))
        return fault("InvalidParameterException");
      if (apis.repositories.has(name)) return fault("RepositoryAlreadyExistsException");
      apis.repositories.add(name);
      return { status: 200, body: { repository: { repositoryName: name } } };
    }
    if (operation === "DeleteRepository")
      return apis.repositories.delete(name) ? { status: 200, body: {} } : fault("RepositoryNotFoundException");
    const authorizationToken = Buffer.from(`AWS:${newLogin("ecr")}`).toString("base64");
    return {
      status: 200,
      body: { authorizationData: [{ authorizationToken, expiresAt: Date.now() / 1_000 + seconds }] },
    };
  };
  const server = createServer((request, response) => {
    answer(request).then(
      ({ status, body }) => {
        const type = typeof body === "string" ? "text/plain" : "application/json";
        response.writeHead(status, { "content-type": type, "metadata-flavor": "Google" });
        response.end(typeof body === "string" ? body : JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const environment: Record<string, string> = {
    AWS_ENDPOINT_URL_ECR: `http://${host}`,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "secret-of-the-chain",
    GCE_METADATA_HOST: host,
    METADATA_SERVER_DETECTION: "assume-present",
    IDENTITY_ENDPOINT: `http://${host}/msi/token`,
    IDENTITY_HEADER: "azure-test-header",
  };
  const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
  Object.assign(process.env, environment);
  whenDone(() => {
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    server.closeAllConnections();
    server.close();
  });
  return apis;
}
