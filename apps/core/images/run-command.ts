import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

export interface Command {
  /** Name on PATH, or path. */
  file: string;
  args: readonly string[];
  cwd?: string;
  /** The whole environment of the child; nothing is inherited. */
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
  limitMs: number;
  /** Takes standard output as it comes; without it the output is kept and returned. */
  consume?: (stdout: Readable) => Promise<void>;
}

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const keptCharacters = 4 * 1024 * 1024;

/** How long a program may take to clean up before it is killed. */
const graceMs = 3_000;

/** How long the output of a killed program may stay open: a child of another user or group may hold it for ever. */
const afterKillMs = 3_000;

/** Runs a program in a process group of its own, and returns when it has ended. When the signal aborts or the time is
 *  over the whole group is ended, and killed if need be; what cannot be killed is left behind. Throws where the program
 *  cannot be started or dies by a signal; a non-zero exit code is the caller's to judge. */
export async function runCommand(command: Command): Promise<Finished> {
  command.signal.throwIfAborted();
  const child = spawn(command.file, command.args, {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: command.environment,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let killing: NodeJS.Timeout | undefined;
  let leaving: NodeJS.Timeout | undefined;
  const end = (): void => {
    signalGroup(child.pid, "SIGTERM");
    killing ??= setTimeout(() => {
      signalGroup(child.pid, "SIGKILL");
      leaving = setTimeout(leave, afterKillMs);
    }, graceMs);
  };
  const leave = (): void => {
    child.emit("error", new Error(`${command.file} could not be ended`));
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  };
  const limit = AbortSignal.timeout(command.limitMs);
  const stop = AbortSignal.any([command.signal, limit]);
  stop.addEventListener("abort", end, { once: true });
  const closed = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.on("error", reject);
    child.once("close", (exitCode, killedBy) => resolve(exitCode ?? killedBy));
  });
  const [ending, stdout, stderr] = await Promise.allSettled([
    closed,
    command.consume === undefined ? keep(child.stdout) : consume(child.stdout, command.consume, end),
    keep(child.stderr),
  ]);
  stop.removeEventListener("abort", end);
  clearTimeout(killing);
  clearTimeout(leaving);

  command.signal.throwIfAborted();
  if (limit.aborted) throw new Error(`${command.file} was stopped after ${command.limitMs / 1_000} s`);
  if (ending.status === "rejected") throw notStarted(command.file, ending.reason);
  if (stderr.status === "rejected") throw stderr.reason;
  // What a program says about its failure comes before what its reader makes of a cut-off output.
  if (stdout.status === "rejected" && (ending.value === 0 || typeof ending.value !== "number")) throw stdout.reason;
  if (typeof ending.value !== "number") throw new Error(`${command.file} was ended by ${ending.value ?? "a signal"}`);
  return {
    exitCode: ending.value,
    stdout: stdout.status === "fulfilled" ? stdout.value : "",
    stderr: stderr.value,
  };
}

async function keep(stream: Readable): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) if (text.length < keptCharacters) text += String(chunk);
  return text;
}

async function consume(stdout: Readable, take: (stdout: Readable) => Promise<void>, end: () => void): Promise<string> {
  try {
    await take(stdout);
    return "";
  } catch (error) {
    end();
    throw error;
  }
}

function notStarted(file: string, cause: unknown): unknown {
  if (!(cause instanceof Error && "code" in cause && cause.code === "ENOENT")) return cause;
  return new Error(`${file} is not installed, or not where the settings say`, { cause });
}

/** Runs in listeners and timers, where nobody could catch an error. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone (ESRCH), or another user's (EPERM), as the children of `mmdebstrap --mode=unshare` are.
  }
}
