import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);
const limitMs = 20 * 60_000;

/** What a command wrote, in a folder or where this process is; throws with its last words when it fails. */
export async function commandOutput(command: string, args: readonly string[], folder?: string): Promise<string> {
  const options = { timeout: limitMs, maxBuffer: 64 * 1024 * 1024 };
  const { stdout } = await execute(command, args, folder === undefined ? options : { ...options, cwd: folder });
  return stdout;
}

/** Seconds that `act` took. */
export async function secondsOf(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return (performance.now() - start) / 1_000;
}

/** Writes what lies in memory to disk, so that one measurement does not pay for the one before. */
export async function settle(): Promise<void> {
  await commandOutput("sync", []);
}
