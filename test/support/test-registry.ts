import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import type { RegistryConfig } from "#core/config.ts";

/** The shared image registry under a path that no other test has. */
export function testRegistry(): RegistryConfig {
  return { host: inject("parts").registryHost, prefix: `test-${randomBytes(8).toString("hex")}`, credentials: null };
}
