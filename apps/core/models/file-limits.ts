import type { SizeLimit } from "#core/artifacts/ingest.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { type FileQuota, fileQuota, leastFileQuota } from "#core/quotas/file-quota.ts";
import { bytesLeft } from "#core/quotas/hold-to-quotas.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { FilePath } from "./file-path.ts";
import type { VersionRow } from "./version.ts";

/** Files of one version: a package of more has data in it that belongs elsewhere, or into one archive file. */
const fileLimit = 10_000;

/** How large a file of a model may be when it begins to come: the least of what settings and quotas say. */
export async function largestFile(
  { db, config }: { db: Database | Transaction; config: Registry["config"] },
  modelId: string,
): Promise<SizeLimit | null> {
  const quota = await fileQuota(db, modelId, "fileBytes");
  if (quota === null) return largestSet(config);
  const refusal = () => fileTooLarge(`a file of ${quota.pattern}`, quota.limit);
  return tighter(largestSet(config), { bytes: quota.limit, refusal });
}

function largestSet(config: Registry["config"]): SizeLimit | null {
  const { largestFileBytes: bytes } = config.uploads;
  return bytes === null ? null : { bytes, refusal: () => fileTooLarge("a file here", bytes) };
}

/** How large the file of a draft may be that now begins to come. Costs nothing where no quota is for the model. */
export async function limitOfFile(
  { db, config }: Pick<Registry, "db" | "config">,
  { id: versionId, modelId, hasQuota }: VersionRow,
  path: FilePath,
): Promise<SizeLimit | null> {
  if (!hasQuota) return largestSet(config);
  return tighter(await largestFile({ db, config }, modelId), await spaceForFile(db, { modelId, versionId, path }));
}

/** What the quotas for bytes leave, and the file that makes room by being replaced. */
export async function spaceForFile(
  db: Database,
  { modelId, versionId, path }: { modelId: string; versionId: string; path: FilePath },
  options: { withAnnounced?: boolean } = {},
): Promise<SizeLimit | null> {
  const left = await bytesLeft(db, modelId, options);
  if (left === null) return null;
  const replaced = await db.versionFile.findUnique({ where: { versionId_path: { versionId, path } } });
  return { ...left, bytes: left.bytes + Number(replaced?.sizeBytes ?? 0) };
}

export function tighter(a: SizeLimit | null, b: SizeLimit | null): SizeLimit | null {
  if (a === null || b === null) return a ?? b;
  return a.bytes <= b.bytes ? a : b;
}

/** How many files a version may have, and what is thrown at one more. */
export interface FileCountLimit {
  files: number;
  refusal: () => SlipwayError;
}

export async function mostFiles(db: Database | Transaction, modelId: string): Promise<FileCountLimit> {
  const quota = await fileQuota(db, modelId, "filesPerVersion");
  const files = Math.min(fileLimit, quota?.limit ?? fileLimit);
  return { files, refusal: () => tooManyFiles(quota !== null && quota.limit < fileLimit ? quota : null) };
}

/** Of version `v`: how many files it has, and how many it may have by the quotas; see `requireFewerFiles`. */
export const fileCountColumns = Prisma.sql`
  v.model_id AS "modelId", (SELECT count(*)::int FROM version_files f WHERE f.version_id = v.id) AS "fileCount",
  ${leastFileQuota(Prisma.sql`v.model_id`, "filesPerVersion")} AS "fileQuota"`;

export interface FileCount {
  modelId: string;
  fileCount: number;
  fileQuota: number | null;
}

export async function countFiles(tx: Transaction, versionId: string): Promise<FileCount> {
  const [count] = await tx.$queryRaw<[FileCount]>`
    SELECT ${fileCountColumns} FROM versions v WHERE v.id = ${versionId}::uuid`;
  return count;
}

/** Throws `too_many_files` where a version, whose row is locked, cannot take so many more. */
export async function requireFewerFiles(
  tx: Transaction,
  { modelId, fileCount, fileQuota }: FileCount,
  more: number,
): Promise<void> {
  if (fileCount + more > Math.min(fileLimit, fileQuota ?? fileLimit)) throw (await mostFiles(tx, modelId)).refusal();
}

function fileTooLarge(what: string, bytes: number): SlipwayError {
  return new SlipwayError("file_too_large", `${what} has at most ${bytes} bytes; nothing was kept`);
}

function tooManyFiles(quota: FileQuota | null): SlipwayError {
  const what =
    quota === null
      ? `a version holds at most ${fileLimit}`
      : `a version of ${quota.pattern} holds at most ${quota.limit}`;
  return new SlipwayError(
    "too_many_files",
    `${what} files: put small ones together into an archive file that the model reads`,
  );
}
