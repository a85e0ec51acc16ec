import { spawn } from "node:child_process";
import { type Duplex, PassThrough, pipeline, type Readable } from "node:stream";

export interface Command {
  /** Name on PATH, or path. */
  file: string;
  args: readonly string[];
  cwd?: string;
  /** The whole environment of the child; nothing is inherited. */
  environment: Readonly<Record<string, string>>;
  /** What the program reads on standard input; nothing without. */
  input?: string;
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

/** A watcher in the program's own group reads from descriptor 3, which this process never writes to: when it closes,
 *  because the program has ended or because this process was killed, all that is left of the group is killed. Then the
 *  shell becomes the program. */
const withLifeline = `(trap '' HUP INT TERM; read -r _ <&3; kill -KILL 0) >/dev/null 2>&1 &
exec 3<&-
exec "$@"`;

/** Runs a program in a process group of its own, and returns when it has ended. When the signal aborts or the time is
 *  over the whole group is ended, and killed if need be; what cannot be killed is left behind. The group does not
 *  outlive this process, even where that is killed. Throws where the program cannot be started or dies by a signal; a
 *  non-zero exit code is the caller's to judge. */
export async function runCommand(command: Command): Promise<Finished> {
  command.signal.throwIfAborted();
  const child = spawn("/bin/sh", ["-c", withLifeline, "sh", command.file, ...command.args], {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: command.environment,
    stdio: [command.input === undefined ? "ignore" : "pipe", "pipe", "pipe", "pipe"],
    detached: true,
  });
  child.stdin?.on("error", () => {}); // a program may end without reading it
  child.stdin?.end(command.input);
  // All three are there, since pipes were asked for.
  const [, stdoutPipe, stderrPipe, lifeline] = child.stdio as unknown as [null, Readable, Readable, Duplex];
  child.once("exit", () => lifeline.destroy());
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
    for (const pipe of [stdoutPipe, stderrPipe, lifeline]) pipe.destroy();
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
    command.consume === undefined ? keep(stdoutPipe) : consume(stdoutPipe, command.consume, end),
    keep(stderrPipe),
  ]);
  stop.removeEventListener("abort", end);
  clearTimeout(killing);
  clearTimeout(leaving);

  command.signal.throwIfAborted();
  if (limit.aborted) throw new Error(`${command.file} was stopped after ${command.limitMs / 1_000} s`);
  if (ending.status === "rejected") throw ending.reason;
  if (stderr.status === "rejected") throw stderr.reason;
  if (ending.value === 127 && isUnknownToShell(stderr.value))
    throw new Error(`${command.file} is not installed, or not where the settings say`);
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
  // What nobody reads yet when a program ends Node throws away (`flushStdio` of its child_process), without an error.
  const kept = new PassThrough();
  pipeline(stdout, kept, () => {}); // who reads hears of an error
  try {
    await take(kept);
    return "";
  } catch (error) {
    kept.destroy(); // output that nobody takes would never be at its end
    end();
    throw error;
  }
}

/** As dash, bash and busybox say it. */
function isUnknownToShell(stderr: string): boolean {
  return /^(?:\/bin\/)?sh: .*exec.*(?:not found|No such file)/m.test(stderr);
}

/** Runs in listeners and timers, where nobody could catch an error. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone (ESRCH), or another user's (EPERM), as the children of a program that changes its user are.
  }
}
