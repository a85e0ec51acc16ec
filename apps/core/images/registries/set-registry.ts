import { randomInt } from "node:crypto";
import type { NamePattern } from "#core/access/name-pattern.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { speaksPlainHttp } from "#core/registry-config.ts";
import { spellHost } from "#core/registry-host.ts";
import { putSecret, removeSecret } from "#core/secrets/stored-secrets.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { checkInput, type RegistryInput } from "./registry-input.ts";
import {
  defaultRegistry,
  passwordSubject,
  type RegistryRecord,
  readRegistry,
  registryNotFound,
} from "./registry-record.ts";

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
    const { models, repository } = checkInput(config, name, input, before);
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

/** A build that pushes there meanwhile finds the registry gone, and goes to another. Throws `registry_not_found`,
 *  `registry_from_settings`, `registry_in_use` while a version's image is in it, or one that is there is being verified. */
export async function deleteRegistry({ db, config }: Needs, name: string, actor: Actor): Promise<void> {
  refuseDefault(name);
  await db.$transaction(async (tx) => {
    await lockRegistries(tx);
    const before = await find(tx, config, name);
    if (before === null) throw registryNotFound(name);
    // Who holds it by `holdRegistry` adds an image, which is counted then.
    await tx.$executeRaw`SELECT name FROM registries WHERE name = ${name} FOR UPDATE`;
    const images = await tx.image.count({ where: { registry: name, version: { deletedAt: null } } });
    if (images > 0)
      throw new SlipwayError(
        "registry_in_use",
        `the images of ${images} versions are in the registry ${name}: it can have no models any more, and has to stay`,
      );
    const copying = await tx.policy.findFirst({
      where: { endedAt: null, rules: { path: ["copyTo"], array_contains: name } },
    });
    if (copying !== null)
      throw new SlipwayError(
        "registry_in_use",
        `the policy ${copying.models}/${copying.tag} copies images to the registry ${name}: take it out of there first`,
      );
    const others = await tx.imageRegistry.count({ where: { host: before.host, name: { not: name } } });
    const verified = await tx.build.count({
      where: { finishedAt: null, external: { path: ["host"], equals: before.host } },
    });
    if (verified > 0 && others === 0 && config.registry.host !== before.host)
      throw new SlipwayError(
        "registry_in_use",
        `images in the registry ${name} are being verified: wait for ${verified} builds, or cancel them`,
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

/** What the audit keeps: all but secrets. */
function audited(registry: RegistryRecord): Prisma.InputJsonObject {
  const { host, repository, auth, username, hasPassword, createRepositories, plainHttp, ca, models } = registry;
  return { host, repository, auth, username, hasPassword, createRepositories, plainHttp, ca: ca !== null, models };
}
