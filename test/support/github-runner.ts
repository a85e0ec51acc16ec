import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { parse } from "yaml";
import { temporaryFolder } from "./temporary-folder.ts";

/*
 * What GitHub's runner does with the steps of a job and of a composite action, as far as ours need it: expressions (by GitHub's
 * own evaluator), `if`, `env`, `with`, outputs, the files that a step writes to, and masks.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
export interface Step {
  name?: string;
  id?: string;
  if?: string;
  uses?: string;
  with?: Record<string, unknown>;
  run?: string;
  shell?: string;
  env?: Record<string, unknown>;
}

export interface Job {
  env?: Record<string, string>;
  outputs?: Record<string, string>;
  steps: Step[];
}

/** What stands in for an action that is not ours; returns its outputs. */
export type OtherAction = (given: Record<string, string>, workspace: string) => Promise<Record<string, string>>;

export interface Runner {
  /** Of the run, `github` and `needs` as expressions read them. */
  contexts: Record<string, Record<string, unknown>>;
  /** What the runner itself sets. */
  env: Record<string, string>;
  /** By the name before the `@`. */
  actions: Record<string, OtherAction>;
  /** What `uses` for ours, and its action.yml. */
  own: { name: string; file: string };
}

export interface JobEnded {
  outputs: Record<string, string>;
  /** The outputs of our action, where it was used last. */
  action: Record<string, string>;
  summary: string;
  /** As it is shown: with what was masked left out. */
  log: string;
  masks: string[];
  /** The step that failed, with its exit code; null where the job succeeded. */
  failed: { step: string; code: number | null } | null;
}

type Contexts = Record<string, Record<string, unknown>>;
type Files = { env: string; output: string; path: string; summary: string };

interface Running extends JobEnded {
  runner: Runner;
  workspace: string;
  temp: string;
  env: Record<string, string>;
  path: string[];
}

export async function runJob(job: Job, runner: Runner): Promise<JobEnded> {
  const [workspace, temp] = [temporaryFolder(), temporaryFolder()];
  const running: Running = {
    ...{ runner, workspace, temp, env: { ...job.env }, path: [] },
    ...{ outputs: {}, action: {}, summary: "", log: "", masks: [], failed: null },
  };
  const steps: Contexts = {};
  const contexts: Contexts = { ...runner.contexts, env: job.env ?? {}, steps };
  await runSteps(running, job.steps, contexts);
  running.outputs = filled(job.outputs ?? {}, contexts);
  return running;
}

async function runSteps(running: Running, steps: readonly Step[], contexts: Contexts): Promise<void> {
  for (const step of steps) {
    if (running.failed !== null) return;
    if (step.if !== undefined && !evaluate(step.if, contexts).truthy) continue;
    const outputs = await runStep(running, step, contexts);
    if (step.id !== undefined && contexts["steps"] !== undefined) contexts["steps"][step.id] = { outputs };
  }
}

async function runStep(running: Running, step: Step, contexts: Contexts): Promise<Record<string, string>> {
  if (step.run !== undefined) return runScript(running, step, contexts);
  const [name = ""] = (step.uses ?? "").split("@");
  const given = filled(step.with ?? {}, contexts);
  const { own, actions } = running.runner;
  if (name === own.name) return runComposite(running, own.file, given, contexts);
  const other = actions[name];
  if (other === undefined) throw new Error(`nothing stands in for ${name}`);
  return other(given, running.workspace);
}

async function runComposite(running: Running, file: string, given: Record<string, string>, contexts: Contexts) {
  const action = parse(readFileSync(file, "utf8")) as {
    inputs: Record<string, { default?: string; required?: boolean }>;
    outputs: Record<string, { value: string }>;
    runs: { steps: Step[] };
  };
  for (const name of Object.keys(given)) if (!(name in action.inputs)) throw new Error(`${file} has no input ${name}`);
  const inputs = Object.fromEntries(
    Object.entries(action.inputs).map(([name, input]) => [name, given[name] ?? input.default ?? ""]),
  );
  const inside: Contexts = { ...contexts, inputs, steps: {} };
  await runSteps(running, action.runs.steps, inside);
  const values = Object.fromEntries(Object.entries(action.outputs).map(([name, { value }]) => [name, value]));
  running.action = filled(values, inside);
  return running.action;
}

/** https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell */
const shells: Record<string, string[]> = {
  bash: ["--noprofile", "--norc", "-eo", "pipefail", "-c"],
  unnamed: ["-e", "-c"],
};

async function runScript(running: Running, step: Step, contexts: Contexts): Promise<Record<string, string>> {
  const { runner, workspace, temp } = running;
  const folder = temporaryFolder();
  const files: Files = {
    env: join(folder, "env"),
    output: join(folder, "output"),
    path: join(folder, "path"),
    summary: join(folder, "summary"),
  };
  for (const file of Object.values(files)) writeFileSync(file, "");
  const env = {
    ...runner.env,
    ...running.env,
    ...filled(step.env ?? {}, contexts),
    ...{ GITHUB_ENV: files.env, GITHUB_OUTPUT: files.output, GITHUB_PATH: files.path },
    ...{ GITHUB_STEP_SUMMARY: files.summary, GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temp },
    PATH: [...running.path, runner.env["PATH"] ?? ""].join(":"),
  };
  const script = fill(step.run ?? "", contexts);
  const child = spawn("bash", [...(shells[step.shell ?? "unnamed"] ?? []), script], { cwd: workspace, env });
  child.stdin.end();
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, out, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  note(running, out + errors);
  Object.assign(running.env, pairsIn(files.env));
  running.path = [...readFileSync(files.path, "utf8").split("\n").filter(Boolean).reverse(), ...running.path];
  running.summary += readFileSync(files.summary, "utf8");
  if (code !== 0) running.failed = { step: step.name ?? step.run ?? "", code };
  return pairsIn(files.output);
}

function note(running: Running, said: string): void {
  const mask = "::add-mask::";
  const lines = said.split("\n");
  running.masks.push(...lines.filter((line) => line.startsWith(mask)).map((line) => line.slice(mask.length)));
  const shown = lines.filter((line) => !line.startsWith(mask)).join("\n");
  running.log += running.masks.reduce((log, secret) => log.replaceAll(secret, "***"), shown);
}

function pairsIn(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      if (at < 1) throw new Error(`"${line}" is no NAME=value`);
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

function filled(values: Record<string, unknown>, contexts: Contexts): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(String(value), contexts)]));
}

function fill(template: string, contexts: Contexts): string {
  return template.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => evaluate(expression, contexts).text);
}

export function evaluate(expression: string, contexts: Contexts): { text: string; truthy: boolean } {
  const { tokens } = new Lexer(expression.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, "$1").trim()).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), []).parse();
  const values = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  const text = new Evaluator(parsed, values).evaluate().coerceString();
  return { text, truthy: !["", "false", "0"].includes(text) };
}
