import { randomBytes } from "node:crypto";
import type { Static } from "typebox";
import type { Grant } from "#api/access-schemas.ts";
import type { Bench } from "./figure.ts";
import { type Slipway, startSlipway } from "./slipway.ts";

/** An instance that asks who calls. */
export function startGuarded(bench: Bench, dataDir: string, settings: Record<string, string> = {}): Promise<Slipway> {
  const adminToken = randomBytes(24).toString("hex");
  return startSlipway(bench, dataDir, { SLIPWAY_ACCESS: "on", SLIPWAY_ADMIN_TOKEN: adminToken, ...settings });
}

/** The token of a new service account. */
export async function serviceToken({ client }: Slipway, name: string, grants: Static<typeof Grant>[]): Promise<string> {
  await client.send("POST", "/v1/identities", { name, kind: "service", grants });
  const made = await client.send("POST", `/v1/identities/${name}/tokens`, { name: "of the benchmark" });
  return (made as { token: string }).token;
}
