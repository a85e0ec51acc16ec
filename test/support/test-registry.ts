import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import type { RegistryConfig } from "#core/config.ts";
import type { RepositoryTemplate } from "#core/images/registries/repository-template.ts";

/** The shared image registry under a path that no other test has. */
export function testRegistry(): RegistryConfig {
  return {
    host: inject("parts").registryHost,
    endpoint: null,
    repository: `test-${randomBytes(8).toString("hex")}/{model}` as RepositoryTemplate,
    auth: "anonymous",
    credentials: null,
    createRepositories: false,
    plainHttp: true,
    ca: null,
  };
}
