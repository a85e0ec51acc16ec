import { type GuardedService, guardedService } from "./access.ts";
import { audience, githubClaims, gitlabClaims, type TestIssuer, testIssuer } from "./test-issuer.ts";
import type { Answer } from "./test-service.ts";

export interface Pipelines {
  service: GuardedService;
  github: TestIssuer;
  gitlab: TestIssuer;
  /** Makes a rule, by its provider's own shape; answers that are no success fail the test. */
  rule(name: string, provider: "github" | "gitlab", changes?: Record<string, unknown>): Promise<void>;
  setRule(name: string, provider: "github" | "gitlab", changes?: Record<string, unknown>): Promise<Answer>;
  exchange(token: string, rule?: string): Promise<Answer>;
}

export const ruleClaims = {
  github: { repository: "acme/churn", repository_id: "704512981", ref: "refs/heads/main", environment: "production" },
  gitlab: { project_path: "acme/ml/churn", project_id: "20", ref: "main", ref_type: "branch" },
};

/** A service that asks who calls, and issuers whose tokens it may be given. */
export async function pipelines(settings: Record<string, string> = {}): Promise<Pipelines> {
  const [github, gitlab] = [await testIssuer(githubClaims), await testIssuer(gitlabClaims)];
  const service = await guardedService({
    SLIPWAY_PUBLIC_URL: audience,
    SLIPWAY_ISSUER_NETWORKS: "127.0.0.1",
    SLIPWAY_RATE_LIMIT_EXCHANGE: "0",
    ...settings,
  });
  const setRule: Pipelines["setRule"] = (name, provider, changes = {}) =>
    service.admin("PUT", `/v1/trusted-publishers/${name}`, {
      json: {
        provider,
        issuer: { github, gitlab }[provider].url,
        claims: ruleClaims[provider],
        grants: [{ role: "uploader", pattern: "churn" }],
        ...changes,
      },
    });
  return {
    service,
    github,
    gitlab,
    setRule,
    async rule(name, provider, changes) {
      const { status, bytes } = await setRule(name, provider, changes);
      if (status !== 201 && status !== 200) throw new Error(`the rule answered ${status}: ${bytes}`);
    },
    exchange: (token, rule) =>
      service.call("POST", "/v1/token-exchange", { json: { token, ...(rule === undefined ? {} : { rule }) } }),
  };
}
