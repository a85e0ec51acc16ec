import { fileURLToPath } from "node:url";
import type { Environment } from "#core/settings.ts";
import { type Child, startChild } from "./child.ts";
import type { Ledger } from "./ledger.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface ServiceOptions {
  environment: Environment;
  ledger: Ledger;
  onLine?: (line: string) => void;
}

const listensWithinMs = 60_000;

/** Resolves when the API says that it listens itself: an answer at its address could be another program's. */
export async function startApi(options: ServiceOptions): Promise<Child> {
  const api = await startService("api", options);
  await api.line(/^listening$/, listensWithinMs).catch(async (error) => {
    await api.stop(0);
    throw error;
  });
  return api;
}

/** Resolves when the process runs; whether jobs are consumed is the API's `/readyz` to say. */
export function startWorker(options: ServiceOptions): Promise<Child> {
  return startService("worker", options);
}

function startService(name: "api" | "worker", { environment, ledger, onLine }: ServiceOptions): Promise<Child> {
  return startChild(
    {
      name,
      command: process.execPath,
      args: ["--enable-source-maps", `dist/${name}.js`],
      cwd: root,
      env: environment,
      stopSignal: "SIGTERM",
      sends: true,
    },
    { ledger, ...(onLine === undefined ? {} : { onLine }) },
  );
}
