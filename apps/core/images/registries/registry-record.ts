import { matches, type NamePattern } from "#core/access/name-pattern.ts";
import type { Config } from "#core/config.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { speaksPlainHttp } from "#core/registry-config.ts";
import { spellHost } from "#core/registry-host.ts";
import type { ImageRegistry, RegistryModels } from "#prisma/client/client.ts";
import type { RegistryAuth } from "./registry-auth.ts";
import { type RepositoryTemplate, repositoryPath } from "./repository-template.ts";

export const registryNamePattern = "^[a-z0-9]+(?:-[a-z0-9]+)*$";
export const registryNameLength = 63;

/** The registry of the settings. */
export const defaultRegistry = "default";

/** A registry by its name. No secret is in it. */
export interface RegistryRecord {
  name: string;
  from: "settings" | "api";
  /** `host[:port]` */
  host: string;
  /** Where it is reached, if not at its host; of `default` alone. */
  endpoint: string | null;
  repository: RepositoryTemplate;
  auth: RegistryAuth;
  username: string | null;
  hasPassword: boolean;
  createRepositories: boolean;
  plainHttp: boolean;
  /** PEM. */
  ca: string | null;
  /** Models whose images go there by default; of `default` all that are no other's. */
  models: NamePattern[];
  /** Another one whenever something of it has changed. */
  revision: number;
  changedAt: Date | null;
  changedBy: string | null;
}

/** What a stored secret is bound to. */
export function passwordSubject(name: string): string {
  return `registry:${name}/password`;
}

interface Needs {
  db: Database | Transaction;
  config: Pick<Config, "registry">;
}

/** By name, that of the settings first. */
export async function readRegistries({ db, config }: Needs): Promise<RegistryRecord[]> {
  const rows = await db.imageRegistry.findMany({ include: { models: true }, orderBy: { name: "asc" } });
  const withPassword = await db.secret.findMany({
    where: { subject: { in: rows.map(({ name }) => passwordSubject(name)) } },
    select: { subject: true },
  });
  const subjects = new Set(withPassword.map(({ subject }) => subject));
  return [ofSettings(config), ...rows.map((row) => recordOf(row, subjects.has(passwordSubject(row.name))))];
}

/** Throws `registry_not_found`. */
export async function readRegistry({ db, config }: Needs, name: string): Promise<RegistryRecord> {
  if (name === defaultRegistry) return ofSettings(config);
  const row = await db.imageRegistry.findUnique({ where: { name }, include: { models: true } });
  if (row === null) throw registryNotFound(name);
  const passwords = await db.secret.count({ where: { subject: passwordSubject(name) } });
  return recordOf(row, passwords > 0);
}

/** Whether the host is the registry's, however it is spelled. */
export function isAt({ host, plainHttp }: Pick<RegistryRecord, "host" | "plainHttp">, other: string): boolean {
  return spellHost(other, { plainHttp }) === spellHost(host, { plainHttp });
}

export function registryNotFound(name: string): SlipwayError {
  return new SlipwayError("registry_not_found", `there is no registry "${name.slice(0, 100)}"`);
}

/** Where a model's images go by default: to the registry whose pattern says most of its name. */
export async function registryOfModel(needs: Needs, model: string): Promise<RegistryRecord> {
  const patterns = await needs.db.registryModels.findMany();
  const [closest] = patterns
    .filter(({ pattern }) => matches(pattern as NamePattern, model))
    .sort((a, b) => closeness(b.pattern) - closeness(a.pattern));
  return readRegistry(needs, closest?.registry ?? defaultRegistry);
}

/** A whole name says more than any group that it is in. */
function closeness(pattern: string): number {
  return pattern.endsWith("*") ? pattern.length : Number.MAX_SAFE_INTEGER;
}

/** Path of a model's repository. Amazon ECR takes no two "_" in a row (CreateRepository, `repositoryName`); a "/" is in no
 *  model's name either. */
export function modelPath({ repository, auth }: Pick<RegistryRecord, "repository" | "auth">, model: string): string {
  return repositoryPath(repository, auth === "ecr" ? model.replace("__", "/") : model);
}

function ofSettings({ registry }: Pick<Config, "registry">): RegistryRecord {
  const { credentials, ...settings } = registry;
  return {
    name: defaultRegistry,
    from: "settings",
    ...settings,
    username: credentials?.username ?? null,
    hasPassword: credentials !== null,
    models: [],
    revision: 0,
    changedAt: null,
    changedBy: null,
  };
}

function recordOf(row: ImageRegistry & { models: RegistryModels[] }, hasPassword: boolean): RegistryRecord {
  return {
    ...row,
    from: "api",
    endpoint: null,
    repository: row.repository as RepositoryTemplate,
    auth: row.auth as RegistryAuth,
    plainHttp: speaksPlainHttp(row),
    hasPassword,
    models: row.models.map(({ pattern }) => pattern as NamePattern).sort(),
  };
}
