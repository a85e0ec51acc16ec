import { fileURLToPath } from "node:url";
import type { Environment } from "#core/config.ts";
import { type Child, startChild } from "./child.ts";
import type { Ledger } from "./ledger.ts";
import { waitForHttp } from "./wait-for-http.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface ServiceOptions {
  environment: Environment;
  ledger: Ledger;
  onLine?: (line: string) => void;
}

/** Resolves when the API answers `/healthz`. */
export async function startApi(options: ServiceOptions & { url: string }): Promise<Child> {
  const api = await startService("api", options);
  const answers = { ready: (status: number) => status === 200, timeoutMs: 60_000 };
  await waitForHttp(api, `${options.url}/healthz`, answers).catch(async (error) => {
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
    },
    { ledger, ...(onLine === undefined ? {} : { onLine }) },
  );
}
