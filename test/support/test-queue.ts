import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import type { Config } from "#core/config.ts";

/** The shared Redis under a prefix that no other test has. */
export function testQueue(): Config["queue"] {
  return { url: inject("parts").redisUrl, prefix: testQueuePrefix() };
}

export function testQueuePrefix(): string {
  return `test-${randomBytes(8).toString("hex")}`;
}
