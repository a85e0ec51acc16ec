import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { signalGroup } from "#standalone/signal-group.ts";
import { whenDone } from "./when-done.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** One line of the JSON log. */
export interface LogLine {
  level: string;
  part: string;
  msg: string;
  url?: string;
}

/** `npm start` as a process, seen from outside. */
export interface SlipwayProcess {
  pid: number;
  /** Resolves with the address once it is ready; fails when it ends before. */
  ready: Promise<string>;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>;
  /** All log lines so far. */
  lines: readonly LogLine[];
  signal(name: NodeJS.Signals): void;
  /** Reads no more of what it says, as a terminal that is closed. */
  closeOutput(): void;
}

/** Starts Slipway whole in `dataDir`, on a free port unless `settings` name one. Killed, if it still runs, when
 *  the test, the `describe` or the file that asked for it ends. */
export function startSlipway(dataDir: string, settings: Record<string, string> = {}): SlipwayProcess {
  const child = spawn(process.execPath, ["apps/standalone/start.mjs"], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SLIPWAY_DATA_DIR: dataDir, SLIPWAY_PORT: "0", SLIPWAY_PROOF: "off", ...settings },
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error("node could not be started");
  const lines: LogLine[] = [];
  let output = "";
  // At `exit` its last lines may still be in the pipe.
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal, output })),
  );
  const ready = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (text) => {
        output += `${text}\n`;
        if (!text.startsWith("{")) return;
        const line = JSON.parse(text) as LogLine;
        lines.push(line);
        if (line.part === "standalone" && line.msg === "ready" && line.url !== undefined) resolve(line.url);
      });
    exited.then(({ code }) => reject(new Error(`Slipway ended with code ${code}\n${output}`)));
  });
  const closeOutput = () => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  ready.catch(() => {}); // a test that waits for `exited` alone expects no address
  whenDone(async () => {
    // Asked first: it alone knows its children.
    child.kill("SIGTERM");
    const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), 12_000);
    await exited;
    clearTimeout(timer);
  });
  return { pid, ready, exited, lines, signal: (name) => void child.kill(name), closeOutput };
}
