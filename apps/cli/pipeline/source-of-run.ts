import { Failure } from "../failure.ts";

export interface SourceOfRun {
  repository: string;
  commit: string;
  run?: string;
}

/** What an image was built from: as it is given, else by what GitHub Actions
 *  (https://docs.github.com/actions/reference/workflows-and-actions/variables) and GitLab CI
 *  (https://docs.gitlab.com/ci/variables/predefined_variables/) say of a run. */
export function sourceOfRun(env: NodeJS.ProcessEnv, given: Partial<SourceOfRun>): SourceOfRun {
  const repository = given.repository ?? (githubRepository(env) || env["CI_PROJECT_URL"]);
  const commit = given.commit ?? (env["GITHUB_SHA"] || env["CI_COMMIT_SHA"]);
  const run = given.run ?? (githubRun(env) || env["CI_PIPELINE_URL"]);
  if (!repository || !commit)
    throw new Failure(
      "usage",
      "what was it built from? Give --repository and --commit; GitHub Actions and GitLab CI say it by themselves",
    );
  return { repository, commit, ...(run ? { run } : {}) };
}

function githubRepository({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name }: NodeJS.ProcessEnv): string | null {
  return server && name ? `${server}/${name}` : null;
}

function githubRun(env: NodeJS.ProcessEnv): string | null {
  const repository = githubRepository(env);
  return repository !== null && env["GITHUB_RUN_ID"] ? `${repository}/actions/runs/${env["GITHUB_RUN_ID"]}` : null;
}
