import { fileURLToPath } from "node:url";
import { startChild } from "#standalone/child.ts";
import { freePort } from "#standalone/free-port.ts";
import type { Bench } from "../figure.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const readyWithinMs = 30_000;

export interface Peer {
  url: string;
  stop(): Promise<void>;
}

/** Runs a server of this folder as a process of its own; it says `listening` when it does. */
export async function startPeer(
  bench: Bench,
  file: "write-and-fsync.ts" | "version-route.ts",
  settings: Record<string, string>,
): Promise<Peer> {
  const port = await freePort();
  const child = await startChild(
    {
      name: file,
      command: process.execPath,
      args: ["--import", "tsx", `${folder}${file}`],
      env: { ...process.env, ...settings, PORT: String(port) },
      stopSignal: "SIGTERM",
    },
    { ledger: bench.ledger },
  );
  await child.line(/^listening$/, readyWithinMs);
  return { url: `http://127.0.0.1:${port}`, stop: () => child.stop(5_000) };
}
