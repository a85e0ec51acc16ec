import type { Database, Transaction } from "#core/database/client.ts";
import { isId, newId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { expectedBuilder } from "#core/images/expected-builder.ts";
import { type ImageLock, lockFor } from "#core/images/lock.ts";
import type { ImageRecord } from "#core/models/version.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import type { Actor } from "#core/registry.ts";
import { isHeld } from "#core/work/held.ts";
import { addWork } from "#core/work/work.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { ExternalSource } from "./external-source.ts";

/** The kind of work that makes images; its subject is a build. */
export const buildWork = "build";

/** Of a build that has not ended. */
export const openStatuses = ["queued", "running", "waiting"] as const;
export const buildStatuses = [...openStatuses, "succeeded", "failed", "cancelled"] as const;
export type BuildStatus = (typeof buildStatuses)[number];

export function isFinished(status: BuildStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** A build as it is read. */
export interface Build {
  id: string;
  model: string;
  version: string;
  status: BuildStatus;
  attempt: number;
  builder: { name: string; why: string };
  /** What was registered, of an image that was built elsewhere. */
  external: ExternalSource | null;
  image: ImageRecord | null;
  /** Digest of the image that it is to put back, and nothing else. */
  restores: string | null;
  /** A build that waits for its turn has no limit to that. */
  waiting: { for: string; until: Date | null } | null;
  error: { code: string; message: string } | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

const withImage = { image: true, restores: true, version: { include: { model: true } } } satisfies Prisma.BuildInclude;

/** A build that no worker holds is queued, whatever the last one had written before it was lost. Throws
 *  `build_not_found`. */
export async function readBuild({ db }: { db: Database | Transaction }, id: string): Promise<Build> {
  // Asked first: a build that ends in between is seen as ended.
  const held = isId(id) && (await isBuildHeld(db, id));
  const row = isId(id) ? await db.build.findUnique({ where: { id }, include: withImage }) : null;
  if (row === null) throw buildNotFound(id);
  const until = row.status === "waiting" ? row.waitingUntil : null;
  const waits = (row.status === "waiting" || row.status === "queued") && row.waitingFor !== null;
  return {
    id: row.id,
    model: row.version.model.name,
    version: row.version.semver,
    status: row.status === "running" && !held ? "queued" : (row.status as BuildStatus),
    attempt: row.attempt,
    builder: { name: row.builderName, why: row.builderWhy },
    external: row.external as ExternalSource | null,
    image: row.image as ImageRecord | null,
    restores: row.restores?.digest ?? null,
    waiting: waits ? { for: row.waitingFor as string, until } : null,
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? "" },
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
  };
}

/** By its name now; null where there is no such build, which takes as long to say. */
export async function modelOfBuild({ db }: { db: Database }, id: string): Promise<string | null> {
  const [row] = await db.$queryRaw<[{ name: string | null }]>`
    SELECT m.name FROM (SELECT ${id}::uuid AS id) asked LEFT JOIN builds b ON b.id = asked.id
    LEFT JOIN versions v ON v.id = b.version_id LEFT JOIN models m ON m.id = v.model_id`;
  return row.name;
}

async function isBuildHeld(db: Database | Transaction, id: string): Promise<boolean> {
  const [row] = await db.$queryRaw<[{ held: boolean }]>`SELECT ${isHeld(buildWork, Prisma.sql`${id}::uuid`)} AS held`;
  return row.held;
}

export function buildNotFound(id: string): SlipwayError {
  return new SlipwayError("build_not_found", `there is no build "${id.slice(0, 100)}"`);
}

/** What the image of a build was made of, on one platform where one is named. Throws `build_not_found`, `lock_not_found`. */
export async function readLock(
  { db }: { db: Database },
  { id, platform }: { id: string; platform: string | null },
): Promise<ImageLock> {
  const select = { lock: true, status: true, external: true } as const;
  const row = isId(id) ? await db.build.findUnique({ where: { id }, select }) : null;
  if (row === null) throw buildNotFound(id);
  if (row.external !== null)
    throw new SlipwayError("lock_not_found", "the image was built elsewhere: there is no lock of it here");
  if (row.lock === null)
    throw new SlipwayError(
      "lock_not_found",
      row.status === "succeeded"
        ? "this build has no lock: nobody knows what an own Dockerfile was made of"
        : `this build is ${row.status}: it has a lock once it has succeeded`,
    );
  const lock = row.lock as unknown as ImageLock;
  const found = platform === null ? lock : lockFor(lock, platform);
  if (found === null) throw new SlipwayError("lock_not_found", `this build made no image for ${platform}`);
  return found;
}

/** What an engine was given to build: for an own Dockerfile that, and else what was generated. Throws `build_not_found`,
 *  `dockerfile_not_found`. */
export async function readDockerfile({ db }: { db: Database }, id: string): Promise<string> {
  const row = isId(id)
    ? await db.build.findUnique({ where: { id }, select: { dockerfile: true, status: true } })
    : null;
  if (row === null) throw buildNotFound(id);
  if (row.dockerfile === null)
    throw new SlipwayError(
      "dockerfile_not_found",
      row.status === "succeeded"
        ? "nothing was run to make this image: it was put together from layers, and has no Dockerfile"
        : `this build is ${row.status}: it has a Dockerfile once it has succeeded, if an engine made it`,
    );
  return row.dockerfile;
}

/** A build's row, its log's first lines and its work, in the transaction of the change that wants it. Ring the bell after the commit. */
export async function addBuild(
  tx: Transaction,
  build: {
    versionId: string;
    lock: ImageLock | null;
    external?: ExternalSource;
    /** An image that is to be put back. */
    restoresId?: string;
    notes?: readonly string[];
  },
  actor: Actor,
): Promise<{ buildId: string; workId: string }> {
  const buildId = newId();
  const { spec } = await tx.version.findUniqueOrThrow({ where: { id: build.versionId }, select: { spec: true } });
  await tx.build.create({
    data: {
      id: buildId,
      versionId: build.versionId,
      ...builderOf(build.external, spec as PackageSpec | null),
      ...(build.lock === null ? {} : { givenLock: build.lock as unknown as Prisma.InputJsonValue }),
      ...(build.external === undefined ? {} : { external: build.external as unknown as Prisma.InputJsonObject }),
      restoresId: build.restoresId ?? null,
      createdBy: actor.name,
      log: { create: (build.notes ?? []).map((text, index) => ({ seq: index + 1, at: new Date(), text })) },
    },
  });
  return { buildId, workId: await addWork(tx, { kind: buildWork, subjectId: buildId, requestId: actor.requestId }) };
}

function builderOf(
  external: ExternalSource | undefined,
  spec: PackageSpec | null,
): { builderName: string; builderWhy: string } {
  if (external !== undefined)
    return { builderName: "external", builderWhy: "the image was built elsewhere; it is verified where it is" };
  const { name, why } = expectedBuilder(spec);
  return { builderName: name, builderWhy: why };
}

/** Throws `build_running`. The version's row must be locked, so that none is added meanwhile. */
export async function requireNoOpenBuild(
  tx: Transaction,
  { versionId, object }: { versionId: string; object: string },
): Promise<void> {
  const open = await tx.build.findFirst({
    where: { versionId, status: { in: [...openStatuses] } },
    select: { id: true },
  });
  if (open === null) return;
  throw new SlipwayError(
    "build_running",
    `${object} is being built (build ${open.id}): wait for it or cancel it first`,
  );
}

/** Throws `image_removing`. What begins a build of the version calls it with the version's row locked, as does what begins
 *  the removal with `requireNoOpenBuild`: an image is not pushed and removed at the same time. */
export async function requireNoRemoval(
  tx: Transaction,
  { versionId, object }: { versionId: string; object: string },
): Promise<void> {
  const removing = await tx.image.count({ where: { status: "removing", builds: { some: { versionId } } } });
  if (removing > 0)
    throw new SlipwayError(
      "image_removing",
      `an image of ${object} is being removed from its registry: wait until it is`,
    );
}
