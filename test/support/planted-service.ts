import { join } from "node:path";
import { type Child, startChild } from "#standalone/child.ts";
import { openLedger } from "#standalone/ledger.ts";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { temporaryFolder } from "./temporary-folder.ts";
import { whenDone } from "./when-done.ts";

/** Starts a program of the service with these variables and no others, and keeps what it says; ended with its test. */
export async function startProgram(
  name: "api" | "worker" | "migrate" | "rotate-secrets",
  env: Record<string, string>,
  onLine: (line: string) => void,
): Promise<Child> {
  const command = {
    name,
    command: process.execPath,
    args: ["--enable-source-maps", programPath(name)],
    env,
    stopSignal: "SIGTERM",
    sends: true,
  } as const;
  const child = await startChild(command, {
    ledger: openLedger(join(temporaryFolder(), "processes.json")),
    onLine,
  });
  whenDone(() => child.stop(0));
  return child;
}
