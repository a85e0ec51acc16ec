import { randomUUID } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { whenDone } from "./when-done.ts";

/** An issuer of tokens on a port of this machine, with keys of its own, as pipelines have one. */
export interface TestIssuer {
  url: string;
  /** How often its documents were asked for. */
  asked: { discovery: number; keys: number };
  /** What it publishes now. */
  published: JWK[];
  /** Answers in its place; null for as ever. */
  instead: RequestListener | null;
  /** Signed now by its current key; what is given takes the place of what it would say, undefined leaves it out. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  key(): IssuerKey;
  /** A new current key; the old ones stay published. */
  rotate(alg?: string): Promise<IssuerKey>;
}

export interface IssuerKey {
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK & { kid: string };
}

export const audience = "https://slipway.example.com";

export async function newKey(alg: string): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid: randomUUID(), alg, use: "sig" } };
}

/** `shape` makes the claims that the provider's tokens have beside the registered ones. */
export async function testIssuer(shape: () => Record<string, unknown>): Promise<TestIssuer> {
  const server = createServer((request, response) => {
    const isDiscovery = request.url === "/.well-known/openid-configuration";
    issuer.asked[isDiscovery ? "discovery" : "keys"] += 1;
    if (issuer.instead !== null) return issuer.instead(request, response);
    const document = isDiscovery
      ? { issuer: issuer.url, jwks_uri: `${issuer.url}/keys`, id_token_signing_alg_values_supported: ["RS256"] }
      : { keys: issuer.published };
    response.setHeader("content-type", "application/json").end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  let current = await newKey("RS256");
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: { discovery: 0, keys: 0 },
    published: [current.jwk],
    instead: null,
    async token(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const said = { iss: issuer.url, aud: audience, jti: randomUUID(), iat: now, nbf: now, exp: now + 300 };
      const { alg, privateKey, jwk } = current;
      return new SignJWT({ ...said, ...shape(), ...claims })
        .setProtectedHeader({ typ: "JWT", alg, kid: jwk.kid, ...header })
        .sign(privateKey);
    },
    key: () => current,
    async rotate(alg = "RS256") {
      current = await newKey(alg);
      issuer.published = [...issuer.published, current.jwk];
      return current;
    },
  };
  return issuer;
}

/** https://docs.github.com/actions/reference/security/oidc */
export function githubClaims() {
  return {
    sub: "repo:acme/churn:environment:production",
    repository: "acme/churn",
    repository_id: "704512981",
    repository_owner: "acme",
    repository_owner_id: "9919",
    repository_visibility: "private",
    ref: "refs/heads/main",
    ref_type: "branch",
    ref_protected: "true",
    base_ref: "",
    head_ref: "",
    sha: "5f2b8c1d9e0a47b6c3d2e1f00a9b8c7d6e5f4a3b",
    environment: "production",
    event_name: "push",
    workflow: "publish",
    workflow_ref: "acme/churn/.github/workflows/publish.yml@refs/heads/main",
    job_workflow_ref: "acme/churn/.github/workflows/publish.yml@refs/heads/main",
    actor: "ada",
    actor_id: "583231",
    run_id: "8123456789",
    run_number: "42",
    run_attempt: "1",
    runner_environment: "github-hosted",
  };
}

/** https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
export function gitlabClaims() {
  return {
    sub: "project_path:acme/ml/churn:ref_type:branch:ref:main",
    namespace_id: "72",
    namespace_path: "acme/ml",
    project_id: "20",
    project_path: "acme/ml/churn",
    user_id: "1",
    user_login: "ada",
    pipeline_id: "574",
    pipeline_source: "push",
    job_id: "302",
    ref: "main",
    ref_type: "branch",
    ref_path: "refs/heads/main",
    ref_protected: "true",
    environment: "production",
    runner_environment: "self-hosted",
    sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
    ci_config_ref_uri: "gitlab.example.com/acme/ml/churn//.gitlab-ci.yml@refs/heads/main",
  };
}
