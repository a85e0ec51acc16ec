import type { RegistryConfig } from "#core/config.ts";
import type { RepositoryMaker } from "#core/images/registries/credentials/registry-login.ts";
import type { ImagePlace } from "#core/images/registries/image-place.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import type { RegistryRecord } from "#core/images/registries/registry-record.ts";
import { repositoryPath } from "#core/images/registries/repository-template.ts";
import { openRegistryClient, type RegistryClientOptions } from "#core/images/registry-client/client.ts";
import { anonymous } from "#core/images/registry-client/credential-source.ts";
import { testRegistry } from "./test-registry.ts";
import { whenDone } from "./when-done.ts";

export interface OneRegistry {
  registries: Registries;
  place(model: string): ImagePlace;
}

/** Registries of which there is one, with no database behind it. */
export function oneRegistry(
  options: RegistryClientOptions,
  settings: Partial<RegistryConfig> & { repositories?: RepositoryMaker } = {},
): OneRegistry {
  const { credentials: _, repositories = null, ...config } = { ...testRegistry(), ...settings, host: options.host };
  const record: RegistryRecord = {
    ...config,
    name: "default",
    from: "settings",
    username: null,
    hasPassword: false,
    models: [],
    revision: 0,
    changedAt: null,
    changedBy: null,
  };
  const open = { record, client: openRegistryClient(options), login: options.login ?? anonymous, repositories };
  const registries: Registries = {
    open: async () => open,
    ofReference: async ({ host }) => (host === options.host ? open : null),
    close: () => open.client.close(),
  };
  whenDone(() => registries.close());
  return {
    registries,
    place: (model) => ({ registry: "default", host: options.host, path: repositoryPath(config.repository, model) }),
  };
}
