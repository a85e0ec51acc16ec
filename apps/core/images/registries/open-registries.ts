import type { Config } from "#core/config.ts";
import type { Database } from "#core/database/client.ts";
import { trustedBy } from "#core/registry-config.ts";
import { readSecret } from "#core/secrets/stored-secrets.ts";
import { openRegistryClient, type RegistryClient } from "../registry-client/client.ts";
import type { CredentialSource } from "../registry-client/credential-source.ts";
import { RegistryError } from "../registry-client/registry-error.ts";
import { type RepositoryMaker, registryLogin } from "./credentials/registry-login.ts";
import {
  defaultRegistry,
  isAt,
  passwordSubject,
  type RegistryRecord,
  readRegistries,
  readRegistry,
} from "./registry-record.ts";
import { fitOf } from "./repository-template.ts";

export interface OpenRegistry {
  record: RegistryRecord;
  client: RegistryClient;
  /** What the client shows, for others that fetch from there. */
  login: CredentialSource;
  /** Null where repositories come with their first push, or are made by others. */
  repositories: RepositoryMaker | null;
}

/** A registry may be given another host at any time; images stay where they are. */
export class RegistryMoved extends RegistryError {
  constructor({ name, host }: RegistryRecord, before: string) {
    super(`the registry ${name} is at ${host} now, and no more at ${before}`);
    this.name = "RegistryMoved";
  }
}

/** The registries that Slipway knows, each opened when it is first asked for, and anew when its settings have changed. */
export interface Registries {
  /** `host` is where an image is that the registry is opened for: its login is sent to no other one. Throws
   *  `registry_not_found`, `RegistryMoved`. */
  open(name: string, host?: string): Promise<OpenRegistry>;
  /** The one that an image reference leads to, of several on its host the one whose template says most of the path; null
   *  where none is there. */
  ofReference(reference: { host: string; repository: string }): Promise<OpenRegistry | null>;
  close(): Promise<void>;
}

export interface RegistriesNeeds {
  db: Database;
  config: Pick<Config, "registry" | "cloudLoginHosts" | "ca" | "docker" | "secrets">;
}

export function openRegistries({ db, config }: RegistriesNeeds): Registries {
  const opened = new Map<string, OpenRegistry>();
  const opening = new Map<string, Promise<OpenRegistry>>();

  /** Once for all who ask meanwhile: each that is opened asks for a login of its own. */
  const openRecord = async ({ name, revision }: RegistryRecord): Promise<OpenRegistry> => {
    const known = opened.get(name);
    if (known?.record.revision === revision) return known;
    const key = `${name} ${revision}`;
    const begun = opening.get(key) ?? openNew(name).finally(() => opening.delete(key));
    opening.set(key, begun);
    return begun;
  };

  const openNew = async (name: string): Promise<OpenRegistry> => {
    const { record, password } = await readWithPassword(name);
    const trusted = trustedBy(record.ca, config.ca);
    const { source, repositories } = registryLogin(record, { password, ...config, ca: trusted });
    const { host, endpoint, plainHttp } = record;
    const client = openRegistryClient({ host, endpoint, login: source, ca: trusted, plainHttp });
    const registry = { record, client, login: source, repositories };
    // One that was opened before is left to whoever still uses it; its idle connections end by themselves.
    opened.set(record.name, registry);
    return registry;
  };

  /** Both of one moment: a password never meets a host that it was not given for. */
  const readWithPassword = async (name: string): Promise<{ record: RegistryRecord; password: string | null }> => {
    if (name === defaultRegistry)
      return {
        record: await readRegistry({ db, config }, name),
        password: config.registry.credentials?.password ?? null,
      };
    return db.$transaction(
      async (tx) => ({
        record: await readRegistry({ db: tx, config }, name),
        password: await readSecret(tx, config.secrets, passwordSubject(name)),
      }),
      { isolationLevel: "RepeatableRead" },
    );
  };

  return {
    async open(name, host) {
      const registry = await openRecord(await readRegistry({ db, config }, name));
      if (host !== undefined && !isAt(registry.record, host)) throw new RegistryMoved(registry.record, host);
      return registry;
    },
    async ofReference({ host, repository }) {
      const there = (await readRegistries({ db, config })).filter((record) => isAt(record, host));
      const [closest] = there
        .flatMap((record) => {
          const fit = fitOf(record.repository, repository);
          return fit === null ? [] : [{ record, fit }];
        })
        .sort((a, b) => b.fit - a.fit);
      const record = closest?.record ?? there[0];
      if (record === undefined) return null;
      const registry = await openRecord(record);
      return isAt(registry.record, host) ? registry : null;
    },
    async close() {
      await Promise.all([...opened.values()].map(({ client }) => client.close()));
    },
  };
}
