import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Environment } from "#core/settings.ts";
import type { Ledger } from "./ledger.ts";
import { signalGroup } from "./signal-group.ts";

/** What to run, and how it is asked to stop. */
export interface Program {
  name: string;
  command: string;
  args: readonly string[];
  env?: Environment;
  cwd?: string;
  /** The user it runs as, where that is not ours. */
  account?: { uid: number; gid: number };
  /** What it takes as the wish to stop in good order. */
  stopSignal: NodeJS.Signals;
  /** For a program that sends words by `process.send`: `line` finds them, too. */
  sends?: boolean;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** With all its output read, unless something that it has left behind holds that open. */
  readonly exited: Promise<Exit>;
  /** The newest lines of its output, for the sentence that says why it failed. */
  lastLines(): readonly string[];
  /** Resolves with the first line of its output that matches; fails when the child ends or time runs out. */
  line(pattern: RegExp, timeoutMs: number): Promise<string>;
  /** Asks, waits, then kills the whole process group. Resolves when the child is gone; may be called twice. */
  stop(graceMs: number): Promise<void>;
  /** At once, with all that it started. */
  kill(): void;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const rememberedLines = 20;
const lastLinesMs = 1_000;

/** Starts a program in a session of its own, so that a Ctrl-C at the terminal reaches the supervisor
 *  alone and the order of stopping stays ours. Fails when the program cannot be started at all. */
export async function startChild(
  program: Program,
  options: { ledger: Ledger; onLine?: (line: string) => void },
): Promise<Child> {
  const childProcess = spawn(program.command, program.args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(program.sends ? (["ipc"] as const) : [])],
    cwd: program.cwd,
    env: program.env === undefined ? process.env : { ...program.env },
    ...program.account,
  });
  const gone = exitOf(childProcess);
  const closed = new Promise((resolve) => childProcess.once("close", resolve));
  const exited = gone.then(async (exit) => {
    await Promise.race([closed, sleep(lastLinesMs, undefined, { ref: false })]);
    return exit;
  });
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const hear = (line: string) => {
    if (lines.push(line) > rememberedLines) lines.shift();
    for (const listener of listeners) listener(line);
  };
  for (const output of [childProcess.stdout, childProcess.stderr])
    if (output !== null)
      createInterface({ input: output }).on("line", (line) => {
        hear(line);
        options.onLine?.(line);
      });
  childProcess.on("message", (word) => hear(String(word)));
  const pid = await started(childProcess, program);
  options.ledger.record({ name: program.name, pid, stopSignal: program.stopSignal });
  gone.then(() => options.ledger.forget(pid));

  const kill = () => signalGroup(pid, "SIGKILL");
  return {
    name: program.name,
    pid,
    exited,
    lastLines: () => lines,
    line: (pattern, timeoutMs) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          clearTimeout(timer);
          listeners.delete(look);
          act();
        };
        const look = (line: string) => {
          if (pattern.test(line)) settle(() => resolve(line));
        };
        const fail = (what: string) => settle(() => reject(new Error([what, ...lines].join("\n    "))));
        const timer = setTimeout(() => fail(`${program.name} was not ready within ${timeoutMs / 1000} s`), timeoutMs);
        listeners.add(look);
        lines.forEach(look);
        exited.then((exit) => fail(`${program.name} ended ${describeExit(exit)}`));
      }),
    async stop(graceMs) {
      childProcess.kill(program.stopSignal);
      const timer = setTimeout(kill, graceMs);
      await gone;
      clearTimeout(timer);
      kill(); // what it may have left behind in its group
      await exited;
    },
    kill,
  };
}

export function describeExit(exit: Exit): string {
  return exit.signal === null ? `with code ${exit.code}` : `by ${exit.signal}`;
}

function started(childProcess: ChildProcess, program: Program): Promise<number> {
  return new Promise((resolve, reject) => {
    childProcess.once("spawn", () => resolve(childProcess.pid as number));
    childProcess.once("error", (error) =>
      reject(new Error(`${program.name} cannot be started (${program.command}): ${error.message}`, { cause: error })),
    );
  });
}

function exitOf(childProcess: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    childProcess.once("exit", (code, signal) => resolve({ code, signal }));
    childProcess.once("error", () => resolve({ code: null, signal: null }));
  });
}
