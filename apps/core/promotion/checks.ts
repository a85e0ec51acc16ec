import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { checkJson, requireStorable } from "#core/models/labels.ts";
import { lockModel } from "#core/models/model.ts";
import { findVersion, readVersion } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { ringAll } from "#core/work/queue.ts";
import { Prisma } from "#prisma/client/client.ts";
import { wakePromotions } from "./wake-promotions.ts";

export const checkStatuses = ["passed", "failed"] as const;

export interface NewCheck {
  name: string;
  status: (typeof checkStatuses)[number];
  /** One line for people. */
  summary: string;
  /** Where there is more. */
  url: string | null;
  /** For conditions of policies: `candidate.checks.evaluation.data.auc`. */
  data: Prisma.InputJsonObject;
}

/** What another system has found of a sealed version. */
export interface Check extends Omit<NewCheck, "data"> {
  id: string;
  model: string;
  version: string;
  data: Record<string, unknown>;
  createdAt: Date;
  createdBy: string;
}

/** Of one name the newest counts; none is ever changed. Promotions that wait for it are looked at again. Throws
 *  `version_not_sealed`, and `check_own` for a version that the poster has made or sealed, or brought an image
 *  for. */
export async function postCheck(
  { db, doorbell, config }: Pick<Registry, "db" | "doorbell" | "config">,
  { model, version, ...check }: NewCheck & { model: string; version: string },
  actor: Actor,
  remember: Remember<Check> = forget,
): Promise<Check> {
  requireStorable("summary", check.summary);
  checkJson("data", check.data);
  const { posted, due } = await db.$transaction(async (tx) => {
    const { id: versionId, modelId, sealedAt } = await findVersion(tx, model, version);
    if (sealedAt === null)
      throw new SlipwayError(
        "version_not_sealed",
        `${model}:${version} is a draft: seal it first, so that what was checked stays`,
      );
    await lockModel(tx, modelId);
    // With access off all have one name.
    if (config.access.on) await requireOther(tx, { versionId, sealedAt, object: `${model}:${version}` }, actor);
    const row = await tx.check.create({
      data: { id: newId(), versionId, ...check, createdBy: actor.name, createdAt: new Date() },
    });
    const { name, status, summary } = check;
    await recordAudit(tx, actor, {
      action: "check.post",
      object: `${model}:${version}`,
      objectId: row.id,
      model,
      after: { name, status, summary },
    });
    const { ordinal: _, versionId: __, ...kept } = row;
    const posted = { ...kept, model, version } as Check;
    await remember(tx, posted);
    return { posted, due: await wakePromotions(tx, versionId) };
  });
  await ringAll(doorbell, due);
  return posted;
}

/** Every result, the latest first. By semver or by tag. Throws `model_not_found`, `version_not_found`. */
export async function listChecks(
  { db }: { db: Database },
  {
    model,
    version: reference,
    name,
    ...page
  }: PageRequest & { model: string; version: string; name?: string | undefined },
): Promise<Page<Check>> {
  const list = "checks";
  const before = ordinalOf(keyOf(list, page.cursor));
  const size = pageSize(page);
  const { id: versionId, version } = await readVersion({ db }, model, reference);
  const rows = await db.check.findMany({
    where: {
      versionId,
      ...(name === undefined ? {} : { name }),
      ...(before === null ? {} : { ordinal: { lt: before } }),
    },
    orderBy: { ordinal: "desc" },
    take: size + 1,
  });
  return pageOf(
    list,
    rows,
    size,
    ({ ordinal }) => String(ordinal),
    ({ ordinal: _, versionId: __, ...row }) => ({ ...row, model, version }) as Check,
  );
}

function ordinalOf(key: string | null): bigint | null {
  return key === null ? null : BigInt(/^\d{1,18}$/.test(key) ? key : 0);
}

/** Whoever makes a version does not vouch for it. */
async function requireOther(
  tx: Transaction,
  { versionId, sealedAt, object }: { versionId: string; sealedAt: Date; object: string },
  { name }: Actor,
): Promise<void> {
  const made = await tx.auditEntry.count({
    where: {
      objectId: versionId,
      actor: name,
      OR: [
        { action: { in: ["version.create", "version.seal", "file.put", "file.delete"] } },
        // Of a draft; later on it changes labels and description alone.
        { action: "version.update", at: { lt: sealedAt } },
      ],
    },
  });
  const brought = await tx.build.count({ where: { versionId, createdBy: name, external: { not: Prisma.AnyNull } } });
  if (made + brought > 0)
    throw new SlipwayError("check_own", `${name} has made ${object}: a check of it is another's to post`);
}
