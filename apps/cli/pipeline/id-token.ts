import { Failure } from "../failure.ts";
import { newPatience } from "../service/patience.ts";
import { unreachable } from "../service/problems.ts";
import { tokenOf } from "../settings.ts";

const answerMs = 30_000;

/** What the host of a pipeline signs for its run: SLIPWAY_ID_TOKEN where the pipeline has set it (GitLab's `id_tokens`), or
 *  what GitHub Actions makes when it is asked
 *  (https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token). */
export async function idTokenOfRun(env: NodeJS.ProcessEnv, audience: string, signal: AbortSignal): Promise<string> {
  const given = tokenOf(env["SLIPWAY_ID_TOKEN"] ?? "");
  if (given !== null) return given;
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret } = env;
  if (url && secret) return askGithub(`${url}&audience=${encodeURIComponent(audience)}`, secret, signal);
  throw new Failure(
    "refused",
    env["GITHUB_ACTIONS"] === "true"
      ? "this run may not ask for a token: its job wants `permissions: id-token: write`, and a pull request from a fork gets none"
      : "there is no token of a run: set SLIPWAY_ID_TOKEN, in GitLab by `id_tokens: {SLIPWAY_ID_TOKEN: {aud: …}}`",
  );
}

async function askGithub(url: string, secret: string, signal: AbortSignal): Promise<string> {
  const patience = newPatience(signal);
  const { origin } = new URL(url);
  for (;;) {
    let failure: Failure;
    try {
      const answer = await fetch(url, {
        headers: { authorization: `bearer ${secret}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
      });
      const { value } = answer.ok ? ((await answer.json()) as { value?: string }) : {};
      if (value) return value;
      const said = `${origin} answered ${answer.status} and gave no token for this run`;
      if (answer.status < 500 && answer.status !== 429) throw new Failure("refused", said);
      failure = new Failure("unavailable", said);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Failure) throw error;
      failure = unreachable(origin, error);
    }
    if (!(await patience.pause(undefined))) throw failure;
  }
}
