import { setTimeout as sleep } from "node:timers/promises";
import type { Grants } from "#core/access/roles.ts";
import { seenNames } from "#core/access/seen-names.ts";
import { referToBlobs } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import type { SizeLimit } from "#core/artifacts/ingest.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { largestFile } from "./file-limits.ts";
import type { FilePath } from "./file-path.ts";
import { requirePlaces, writeFileRows } from "./file-rows.ts";
import type { StoredFile } from "./files.ts";
import { findDraft, type VersionRow } from "./version.ts";

/** A file whose bytes are not sent. */
export interface NamedFile {
  path: FilePath;
  digest: Digest;
}

export interface ReferredFiles {
  stored: StoredFile[];
  /** To be sent. */
  missing: NamedFile[];
}

/** Puts files into a draft by their digests alone, where a living version of a model that the caller may read has the same
 *  bytes; of what others hold it tells nothing. Files of the same paths are replaced. Throws `version_sealed`,
 *  `invalid_request` for a path that is named twice, `path_taken`, `too_many_files`, `file_too_large`, `space_exceeded`;
 *  then nothing has changed. */
export async function referFiles(
  { db, config }: Pick<Registry, "db" | "config">,
  { model, version, files, grants }: { model: string; version: string; files: readonly NamedFile[]; grants: Grants },
  actor: Actor,
  remember: Remember<ReferredFiles> = forget,
): Promise<ReferredFiles> {
  requireOnce(files);
  const { modelId } = await findDraft(db, model, version, "no lock");
  const seen = await afterWholeTicks(seenDigests(db, grants, [...new Set(files.map(({ digest }) => digest))]));
  const largest = await largestFile({ db, config }, modelId);
  return db.$transaction(async (tx) => {
    const draft = await findDraft(tx, model, version);
    const sizes = await sizesOf(tx, await referToBlobs(tx, seen));
    const stored = files.flatMap(({ path, digest }) => {
      const sizeBytes = sizes.get(digest);
      return sizeBytes === undefined ? [] : [{ path, digest, sizeBytes }];
    });
    await putRows(tx, draft, { stored, largest }, actor);
    const referred = { stored, missing: files.filter(({ digest }) => !sizes.has(digest)) };
    await remember(tx, referred);
    return referred;
  });
}

function requireOnce(files: readonly NamedFile[]): void {
  const paths = new Set<string>();
  for (const { path } of files) {
    if (paths.has(path)) throw new SlipwayError("invalid_request", `"${path}" is named twice: name it once`);
    paths.add(path);
  }
}

async function seenDigests(db: Database, grants: Grants, digests: readonly Digest[]): Promise<Digest[]> {
  const rows = await db.$queryRaw<{ digest: Digest }[]>`
    SELECT asked.digest FROM unnest(${digests}::text[]) AS asked (digest)
    WHERE EXISTS (SELECT FROM version_files f JOIN versions v ON v.id = f.version_id JOIN models m ON m.id = v.model_id
                  WHERE f.blob_digest = asked.digest AND v.deleted_at IS NULL AND m.deleted_at IS NULL
                    AND ${seenNames(grants, Prisma.sql`m.name`)})`;
  return rows.map(({ digest }) => digest);
}

const tickMs = 25;

/** Bytes that only others hold are found and passed over, which takes some microseconds more than to find none: the
 *  answer goes on at the next tick, so that nobody can tell. */
async function afterWholeTicks<T>(work: Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const done = await work;
  await sleep(tickMs - ((performance.now() - startedAt) % tickMs));
  return done;
}

async function sizesOf(tx: Transaction, digests: ReadonlySet<Digest>): Promise<Map<Digest, number>> {
  const rows = await tx.blob.findMany({ where: { digest: { in: [...digests] } } });
  return new Map(rows.map(({ digest, sizeBytes }) => [digest as Digest, Number(sizeBytes)]));
}

async function putRows(
  tx: Transaction,
  draft: VersionRow,
  { stored, largest }: { stored: readonly (NamedFile & StoredFile)[]; largest: SizeLimit | null },
  actor: Actor,
): Promise<void> {
  if (largest !== null && stored.some(({ sizeBytes }) => sizeBytes > largest.bytes)) throw largest.refusal();
  const there = await requirePlaces(
    tx,
    draft.id,
    stored.map(({ path }) => path),
  );
  const changed = stored.filter(({ path, digest }) => there.get(path)?.digest !== digest);
  await writeFileRows(
    tx,
    draft,
    changed.map((file) => ({ ...file, actor })),
    there,
  );
}
