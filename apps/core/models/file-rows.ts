import { recordAudits } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { holdToQuotas } from "#core/quotas/hold-to-quotas.ts";
import type { Actor } from "#core/registry.ts";
import { type FileCount, fileCountColumns, requireFewerFiles } from "./file-limits.ts";
import { type FilePath, foldersOf, foldPath } from "./file-path.ts";
import type { StoredFile } from "./files.ts";
import { findClash } from "./path-clashes.ts";
import type { VersionRow } from "./version.ts";

/** What a draft is given: bytes that have their row, and who brings them. */
export interface PutFile extends StoredFile {
  path: FilePath;
  actor: Actor;
}

/** What stood at a path. */
export type Replaced = Pick<StoredFile, "digest" | "sizeBytes">;

/** Files of a draft, whose row is locked, in a few statements however many there are: others wait for that lock. Files of the
 *  same paths are replaced. Returns those, by path. Throws `path_taken`, `too_many_files`, `space_exceeded`. */
export async function putFileRows(
  tx: Transaction,
  draft: VersionRow,
  files: readonly PutFile[],
): Promise<Map<FilePath, Replaced>> {
  const replaced = await requirePlaces(
    tx,
    draft.id,
    files.map(({ path }) => path),
  );
  await writeFileRows(tx, draft, files, replaced);
  return replaced;
}

/** The rows of files that may stand where they are to, with their audit, held to the quotas. Throws `space_exceeded`. */
export async function writeFileRows(
  tx: Transaction,
  { id, modelId, model, version }: VersionRow,
  files: readonly PutFile[],
  replaced: ReadonlyMap<FilePath, Replaced>,
): Promise<void> {
  if (files.length === 0) return;
  await insertFiles(tx, id, files);
  await recordAudits(
    tx,
    files.map(({ path, digest, sizeBytes, actor }) => {
      const before = replaced.get(path);
      return {
        actor,
        action: "file.put",
        object: `${model}:${version}/${path}`,
        objectId: id,
        model,
        ...(before === undefined ? {} : { before: { digest: before.digest } }),
        after: { digest, sizeBytes },
      };
    }),
  );
  const growth = files.reduce((sum, { path, sizeBytes }) => sum + sizeBytes - (replaced.get(path)?.sizeBytes ?? 0), 0);
  await holdToQuotas(tx, modelId, { sizeBytes: growth });
}

/** Rows alone, in one statement however many: whether they may stand there is known. Files of the same paths are replaced. */
export async function insertFiles(
  tx: Transaction,
  versionId: string,
  files: readonly (Omit<StoredFile, "path"> & { path: FilePath })[],
): Promise<void> {
  const paths = files.map(({ path }) => path);
  await tx.$executeRaw`
    INSERT INTO version_files (version_id, path, folded_path, blob_digest, size_bytes)
    SELECT ${versionId}::uuid, * FROM unnest(${paths}::text[], ${paths.map(foldPath)}::text[],
      ${files.map(({ digest }) => digest)}::text[], ${files.map(({ sizeBytes }) => sizeBytes)}::bigint[])
    ON CONFLICT (version_id, path) DO UPDATE SET blob_digest = excluded.blob_digest, size_bytes = excluded.size_bytes`;
}

/** Whether files may stand at these paths of a version, each named once. Returns those that do, by path. Throws
 *  `path_taken`, `too_many_files`. */
export async function requirePlaces(
  tx: Transaction,
  versionId: string,
  paths: readonly FilePath[],
): Promise<Map<FilePath, Replaced>> {
  const among = findClash(paths);
  if (among !== null) throw pathTaken(...among);
  const folders = [...new Set(paths.flatMap(foldersOf))];
  // Below a folder all files spell it alike: one of them stands for all, found by the index on folded paths. "0" is what
  // comes after "/" (collation "C").
  const places = await tx.$queryRaw<Place[]>`
    SELECT a.path, ${fileCountColumns}, f.blob_digest AS digest, f.size_bytes::float8 AS "sizeBytes",
      coalesce(
        (SELECT c.path FROM version_files c
         WHERE c.version_id = v.id AND c.folded_path = a.folded AND c.path <> a.path),
        (SELECT c.path FROM version_files c
         WHERE c.version_id = v.id AND c.folded_path >= a.folded || '/' AND c.folded_path < a.folded || '0'
         ORDER BY c.folded_path LIMIT 1)) AS clash,
      (SELECT c.path FROM unnest(${folders}::text[], ${folders.map(foldPath)}::text[]) AS d (folder, folded)
       CROSS JOIN LATERAL (
         SELECT path FROM version_files WHERE version_id = ${versionId}::uuid AND folded_path = d.folded
         UNION ALL
         (SELECT path FROM version_files
          WHERE version_id = ${versionId}::uuid AND folded_path >= d.folded || '/' AND folded_path < d.folded || '0'
          ORDER BY folded_path LIMIT 1)) c
       WHERE NOT starts_with(c.path, d.folder || '/') LIMIT 1) AS "folderClash"
    FROM unnest(${paths}::text[], ${paths.map(foldPath)}::text[]) AS a (path, folded)
    JOIN versions v ON v.id = ${versionId}::uuid
    LEFT JOIN version_files f ON f.version_id = v.id AND f.path = a.path`;
  const [first] = places;
  if (first === undefined) return new Map();
  for (const { path, clash } of places) if (clash !== null) throw pathTaken(path, clash);
  const { folderClash } = first;
  if (folderClash !== null)
    throw pathTaken(paths.find((path) => findClash([path, folderClash]) !== null) ?? first.path, folderClash);
  const replaced = new Map<FilePath, Replaced>();
  for (const { path, digest, sizeBytes } of places) if (digest !== null) replaced.set(path, { digest, sizeBytes });
  const more = paths.length - replaced.size;
  if (more > 0) await requireFewerFiles(tx, first, more);
  return replaced;
}

/** What is found at a path, and in its way; `folderClash` is in the way of one of the paths. */
type Place = FileCount & { path: FilePath; clash: FilePath | null; folderClash: FilePath | null } & (
    | Replaced
    | { digest: null; sizeBytes: null }
  );

export function pathTaken(path: string, by: string): SlipwayError {
  return new SlipwayError(
    "path_taken",
    `"${path}" cannot stand beside "${by}": two files or folders may not differ in case alone, and a file is no folder; remove one of them`,
  );
}
