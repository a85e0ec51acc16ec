import { Redis } from "ioredis";
import { Client } from "pg";
import { inject } from "vitest";
import { whenDone } from "./when-done.ts";

export function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = encodeURIComponent(password);
  return changed.href;
}

/** The same database by a superuser of its own, dropped with the file or `describe`. */
export async function withRole(url: string, name: string, password: string): Promise<string> {
  const client = new Client({ connectionString: inject("parts").postgresUrl });
  await client.connect();
  await client.query(`CREATE ROLE ${name} LOGIN SUPERUSER PASSWORD ${client.escapeLiteral(password)}`);
  whenDone(async () => {
    await client.query(`DROP ROLE ${name}`);
    await client.end();
  });
  const changed = new URL(withPassword(url, password));
  changed.username = name;
  return changed.href;
}

/** The shared Redis by a user of its own, removed with the file or `describe`. */
export async function withRedisUser(name: string, password: string): Promise<string> {
  const { redisUrl } = inject("parts");
  const client = new Redis(redisUrl);
  await client.call("ACL", "SETUSER", name, "on", `>${password}`, "~*", "&*", "+@all");
  whenDone(async () => {
    await client.call("ACL", "DELUSER", name);
    await client.quit();
  });
  const changed = new URL(withPassword(redisUrl, password));
  changed.username = name;
  return changed.href;
}
