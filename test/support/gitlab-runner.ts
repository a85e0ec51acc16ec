import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { parse } from "yaml";

/*
 * What GitLab does with a file that is included with inputs (https://docs.gitlab.com/ci/inputs/), as far as ours needs it.
 */
export interface GitlabJob {
  extends?: string;
  stage?: string;
  image?: string;
  id_tokens?: Record<string, { aud: string }>;
  variables?: Record<string, string>;
  before_script?: string[];
  script: string[];
  needs?: string[];
  environment?: string;
  rules?: { if?: string; when?: string }[];
}

interface Included {
  /** What is left of the file, and what that says. */
  text: string;
  jobs: Record<string, GitlabJob>;
}

/** Throws for an input that the file does not have, and for one that is missing. */
export function include(file: string, given: Record<string, string>): Included {
  const [header = "", ...rest] = file.split(/^---$/m);
  const { spec } = parse(header) as { spec: { inputs: Record<string, { default?: string }> } };
  for (const name of Object.keys(given)) if (!(name in spec.inputs)) throw new Error(`there is no input ${name}`);
  const filled = rest.join("---").replace(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name: string) => {
    const value = given[name] ?? spec.inputs[name]?.default;
    if (value === undefined) throw new Error(`the input ${name} is missing`);
    return value;
  });
  return { text: filled, jobs: parse(filled) as Included["jobs"] };
}

/** A job with what it extends; its own come first. */
export function jobOf(jobs: Included["jobs"], name: string): GitlabJob {
  const job = jobs[name];
  if (job === undefined) throw new Error(`there is no job ${name}`);
  return { ...(job.extends === undefined ? {} : jobOf(jobs, job.extends)), ...job };
}

export interface ScriptEnded {
  code: number | null;
  log: string;
}

/** As a runner does: `before_script` and `script` in one shell, which stops where a command fails. */
export async function runScript(
  { before_script = [], script, variables = {} }: GitlabJob,
  { shell, cwd, env }: { shell: string; cwd: string; env: Record<string, string> },
): Promise<ScriptEnded> {
  const whole = ["set -e", ...before_script, ...script].join("\n");
  const child = spawn(shell, ["-c", whole], { cwd, env: { ...env, ...variables } });
  child.stdin.end();
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, log: out + errors };
}
