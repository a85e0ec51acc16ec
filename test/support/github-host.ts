import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { oidcServer } from "./oidc-server.ts";
import { githubClaims } from "./test-issuer.ts";
import { whenDone } from "./when-done.ts";

export interface GithubHost {
  /** Of its tokens. */
  issuer: string;
  /** As often as this it answers 503 first. */
  away: number;
  /** What a job's steps are given, `github` and in the environment; its token says what `claims` change. */
  run(claims: Record<string, unknown>): { github: Record<string, string>; env: Record<string, string> };
}

/** GitHub as the jobs of a run see it: the token that it signs is asked for as
 *  https://docs.github.com/actions/reference/security/oidc says. */
export async function githubHost(): Promise<GithubHost> {
  const { sub: _, ...usual } = githubClaims();
  let claims: Record<string, unknown> = usual;
  const { url: issuer, tokenFor } = await oidcServer(() => claims);
  const secret = "of the run";
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const audience = searchParams.get("audience");
    if (host.away-- > 0) response.writeHead(503).end();
    else if (request.headers.authorization !== `bearer ${secret}` || audience === null) response.writeHead(401).end();
    else void tokenFor(audience).then((value) => response.end(JSON.stringify({ value })));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => server.close());
  const host: GithubHost = {
    issuer,
    away: 0,
    run(changes) {
      claims = { ...usual, ...changes };
      const { repository, run_id, sha, ref, event_name } = { ...usual, ...changes };
      const github = {
        ...{ repository, run_id, sha, ref, event_name, ref_name: ref.split("/").slice(2).join("/") },
        server_url: "https://github.com",
      };
      return {
        github,
        env: {
          GITHUB_ACTIONS: "true",
          GITHUB_REPOSITORY: repository,
          GITHUB_RUN_ID: run_id,
          GITHUB_SERVER_URL: github.server_url,
          GITHUB_SHA: sha,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
          ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?api-version=2.0`,
        },
      };
    },
  };
  return host;
}
