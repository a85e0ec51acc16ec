import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "#standalone/child.ts";

/** A process that a test kills and starts again. */
export interface Mortal {
  readonly name: string;
  /** Of the process that runs, or ran last. */
  readonly pid: number;
  /** Signals the process alone: what it has started has to see to itself. */
  signal(name: NodeJS.Signals): void;
  /** kill -9, and resolves when it is gone. */
  kill(): Promise<void>;
  /** In good order. */
  stop(): Promise<void>;
  /** Starts it where it does not run. */
  start(): Promise<void>;
}

/** To a process that may have ended meanwhile. */
export function signalIfThere(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export async function mortal(name: string, startChild: () => Promise<Child>): Promise<Mortal> {
  let child = await startChild();
  let runs = true;
  const watch = () => {
    const watched = child;
    watched.exited.then(() => {
      if (child === watched) runs = false;
    });
  };
  watch();
  return {
    name,
    get pid() {
      return child.pid;
    },
    signal(signal) {
      if (runs) signalIfThere(child.pid, signal);
    },
    async kill() {
      if (runs) signalIfThere(child.pid, "SIGKILL");
      await child.exited;
    },
    async stop() {
      await child.stop(20_000);
    },
    async start() {
      if (runs) return;
      child = await again(startChild);
      runs = true;
      watch();
    },
  };
}

/** As a supervisor does: Postgres refuses to start while a child of the one that was killed still ends. */
async function again(startChild: () => Promise<Child>): Promise<Child> {
  for (let tries = 1; ; tries += 1)
    try {
      return await startChild();
    } catch (error) {
      if (tries === 10) throw error;
      await sleep(500);
    }
}
