import { randomInt, X509Certificate } from "node:crypto";
import { type NamePattern, parseNamePattern } from "#core/access/name-pattern.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { type Fault, SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { isPem, speaksPlainHttp } from "#core/registry-config.ts";
import { isRegistryHost, spellHost } from "#core/registry-host.ts";
import { secretKeys } from "#core/secrets/secret-keys.ts";
import { noSecretKey, putSecret, removeSecret } from "#core/secrets/stored-secrets.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { whyNoCloudLogin } from "./credentials/cloud-hosts.ts";
import type { RegistryAuth } from "./registry-auth.ts";
import {
  defaultRegistry,
  passwordSubject,
  type RegistryRecord,
  readRegistry,
  registryNameLength,
  registryNamePattern,
  registryNotFound,
} from "./registry-record.ts";
import { parseRepositoryTemplate, type RepositoryTemplate, templateForm } from "./repository-template.ts";

export interface RegistryInput {
  host: string;
  repository: string;
  auth: RegistryAuth;
  username: string | null;
  /** Null: the one that is stored stays, where it is still for the same user of the same host. */
  password: string | null;
  createRepositories: boolean;
  plainHttp: boolean;
  ca: string | null;
  models: string[];
}

type Needs = Pick<Registry, "db" | "config">;

/** Makes a registry, or replaces all that was said of it. One transaction holds the registry, its password (encrypted),
 *  its models and the audit row. Throws `registry_invalid` with every reason, `registry_from_settings`,
 *  `registry_models_taken`. */
export async function setRegistry(
  { db, config }: Needs,
  name: string,
  given: RegistryInput,
  actor: Actor,
): Promise<{ registry: RegistryRecord; made: boolean }> {
  refuseDefault(name);
  const input = { ...given, host: spellHost(given.host, { plainHttp: speaksPlainHttp(given) }) };
  return db.$transaction(async (tx) => {
    await lockRegistries(tx);
    const before = await find(tx, config, name);
    const { models, repository } = checked(config, name, input, before);
    await requireFree(tx, name, models);
    const { password, models: _, ...fields } = input;
    const data = { ...fields, repository, changedAt: new Date(), changedBy: actor.name };
    await tx.imageRegistry.upsert({
      where: { name },
      // By chance: one that was deleted and is made again is not the one that somebody has open.
      create: { name, ...data, revision: randomInt(1, 2 ** 30) },
      update: { ...data, revision: { increment: 1 } },
    });
    await tx.registryModels.deleteMany({ where: { registry: name } });
    await tx.registryModels.createMany({ data: models.map((pattern) => ({ pattern, registry: name })) });
    const subject = passwordSubject(name);
    if (password !== null) await putSecret(tx, config.secrets, { subject, secret: password });
    else if (input.username === null) await removeSecret(tx, subject);
    const registry = await readRegistry({ db: tx, config }, name);
    await recordAudit(tx, actor, {
      action: "registry.set",
      object: name,
      objectId: name,
      model: null,
      ...(before === null ? {} : { before: audited(before) }),
      after: { ...audited(registry), passwordChanged: password !== null },
    });
    return { registry, made: before === null };
  });
}

/** Throws `registry_not_found`, `registry_from_settings`, `registry_in_use` while a version's image is in it. */
export async function deleteRegistry({ db, config }: Needs, name: string, actor: Actor): Promise<void> {
  refuseDefault(name);
  await db.$transaction(async (tx) => {
    await lockRegistries(tx);
    const before = await find(tx, config, name);
    if (before === null) throw registryNotFound(name);
    const images = await tx.image.count({ where: { registry: name, version: { deletedAt: null } } });
    if (images > 0)
      throw new SlipwayError(
        "registry_in_use",
        `the images of ${images} versions are in the registry ${name}: it can have no models any more, and has to stay`,
      );
    await removeSecret(tx, passwordSubject(name));
    await tx.imageRegistry.delete({ where: { name } });
    await recordAudit(tx, actor, {
      action: "registry.delete",
      object: name,
      objectId: name,
      model: null,
      before: audited(before),
    });
  });
}

/** One change at a time: they are rare, and each is held against all others. Readers go on. */
async function lockRegistries(tx: Transaction): Promise<void> {
  await tx.$executeRaw`LOCK TABLE registries IN SHARE ROW EXCLUSIVE MODE`;
}

async function find(db: Transaction, config: Needs["config"], name: string): Promise<RegistryRecord | null> {
  const known = await db.imageRegistry.count({ where: { name } });
  return known === 0 ? null : readRegistry({ db, config }, name);
}

function refuseDefault(name: string): void {
  if (name === defaultRegistry)
    throw new SlipwayError(
      "registry_from_settings",
      "the registry default comes from the settings (SLIPWAY_REGISTRY…): change it there",
    );
}

async function requireFree(tx: Transaction, name: string, models: readonly NamePattern[]): Promise<void> {
  const taken = await tx.registryModels.findFirst({
    where: { pattern: { in: [...models] }, registry: { not: name } },
  });
  if (taken !== null)
    throw new SlipwayError(
      "registry_models_taken",
      `images of ${taken.pattern} go to the registry ${taken.registry}: take the pattern from that one first`,
    );
}

function checked(
  { cloudLoginHosts, secrets }: Needs["config"],
  name: string,
  input: RegistryInput,
  before: RegistryRecord | null,
): { models: NamePattern[]; repository: RepositoryTemplate } {
  const faults: Fault[] = [];
  const fault = (where: string, message: string): void => void faults.push({ where, message });
  if (name.length > registryNameLength || !new RegExp(registryNamePattern).test(name))
    fault("name", "write lower-case letters and digits, in groups joined by one '-'");
  const noLogin = whyNoCloudLogin(effective(input), cloudLoginHosts);
  if (!isRegistryHost(input.host)) fault("/host", "write host or host:port, without a scheme and a path");
  else if (noLogin !== null) fault("/host", noLogin);
  const repository = parseRepositoryTemplate(input.repository);
  if (repository === null) fault("/repository", templateForm);
  checkLogin(input, before, fault);
  if (input.password !== null && secretKeys(secrets).length === 0) fault("/password", noSecretKey);
  if (input.createRepositories && input.auth !== "ecr")
    fault("/createRepositories", "only for the auth ecr: other registries make a repository with its first push");
  if (input.ca !== null && !areCertificates(input.ca))
    fault("/ca", "give certificates in PEM (-----BEGIN CERTIFICATE-----)");
  if (input.ca !== null && input.plainHttp)
    fault("/plainHttp", "without TLS there is no use for a ca: give one of the two");
  const models = [...new Set(input.models)].flatMap((text, index) => {
    try {
      return [parseNamePattern(text)];
    } catch {
      fault(`/models/${index}`, "write * for all, a model's name, or a group such as fraud.*");
      return [];
    }
  });
  if (faults.length > 0 || repository === null)
    throw new SlipwayError("registry_invalid", faults.map(({ where, message }) => `${where}: ${message}`).join("; "), {
      faults,
    });
  return { models, repository };
}

function checkLogin(
  input: RegistryInput,
  before: RegistryRecord | null,
  fault: (where: string, message: string) => void,
): void {
  const { auth, username, password } = input;
  const takesLogin = auth === "password" || auth === "ecr";
  if (!takesLogin && (username !== null || password !== null))
    fault("/username", `the auth ${auth} takes no username and no password: its login comes from elsewhere`);
  if (auth === "password" && username === null) fault("/username", "the auth password needs one");
  if (username === null && password !== null && takesLogin) fault("/username", "a password needs one");
  if (username === null || password !== null || !takesLogin) return;
  // A password that nobody can read is sent to nobody else either.
  const same =
    before?.hasPassword === true &&
    before.host === input.host &&
    before.username === username &&
    before.auth === auth &&
    before.plainHttp === speaksPlainHttp(input) &&
    before.ca === input.ca;
  if (!same)
    fault(
      "/password",
      "give it: the one that is stored stays only for the same host, plainHttp, ca, auth and username",
    );
}

/** As it will be used. */
function effective(input: RegistryInput): RegistryInput {
  return { ...input, plainHttp: speaksPlainHttp(input) };
}

/** Each of a bundle. */
function areCertificates(text: string): boolean {
  try {
    const each = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?(?:-----END CERTIFICATE-----|$)/g) ?? [];
    return isPem(text) && each.every((pem) => new X509Certificate(pem) !== null);
  } catch {
    return false;
  }
}

/** What the audit keeps: all but secrets. */
function audited(registry: RegistryRecord): Prisma.InputJsonObject {
  const { host, repository, auth, username, hasPassword, createRepositories, plainHttp, ca, models } = registry;
  return { host, repository, auth, username, hasPassword, createRepositories, plainHttp, ca: ca !== null, models };
}
