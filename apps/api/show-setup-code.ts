import { setTimeout as sleep } from "node:timers/promises";
import { newSetupCode } from "#core/access/setup.ts";
import { messageOf } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";

const againMs = 1_000;

/** Where nobody can do anything yet, tells whoever started the service how to make the first administrator: on stderr,
 *  since the log may be read by others. Waits for the database. */
export async function showSetupCode(
  { db, log, config }: Pick<Registry, "db" | "log" | "config">,
  closing: AbortSignal,
): Promise<void> {
  if (!config.access.on || config.access.adminToken !== null) return;
  while (!closing.aborted) {
    try {
      const code = await newSetupCode({ db });
      if (code !== null) process.stderr.write(invitation(code, config.http));
      return;
    } catch (error) {
      log.debug({ error: messageOf(error) }, "the database is waited for");
    }
    await sleep(againMs, undefined, { signal: closing }).catch(() => {});
  }
}

function invitation(code: string, { host, port }: { host: string; port: number }): string {
  const reached = ["0.0.0.0", "::"].includes(host) ? "127.0.0.1" : host;
  const url = `http://${reached.includes(":") ? `[${reached}]` : reached}:${port}/v1/setup`;
  return [
    "Nobody can do anything here yet. This makes the first administrator, once, within a day:",
    `  curl ${url} -H "Authorization: Bearer ${code}" -H "Content-Type: application/json" -d '{"name": "ada"}'`,
    "",
  ].join("\n");
}
