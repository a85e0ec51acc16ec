import type { Readable } from "node:stream";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { type Afterwards, commitIngested, keepIngested } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { type Frame, type Ingested, ingest } from "#core/artifacts/ingest.ts";
import type { Transaction } from "#core/database/client.ts";
import { inBatches } from "#core/in-batches.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { limitOfFile } from "./file-limits.ts";
import type { FilePath } from "./file-path.ts";
import { putFileRows } from "./file-rows.ts";
import type { StoredFile } from "./files.ts";
import { findDraft, type VersionRow } from "./version.ts";

export interface NewFile {
  model: string;
  version: string;
  path: FilePath;
  body: Readable;
  /** As announced; null for a body that ends when it ends. */
  announcedBytes: number | null;
  expectedDigest?: Digest | undefined;
  /** Hashed with the bytes in it, as they come. */
  frame?: Frame | null;
  signal?: AbortSignal | undefined;
  afterwards: Afterwards;
}

/** Bytes that are in the store and in no row yet, on their way to a path. */
export interface ArrivedFile extends Ingested {
  path: FilePath;
  actor: Actor;
}

interface KeptFile {
  /** Its object, where no row names it. */
  needless: BlobKey[];
  replaced: boolean;
}

export type FileKeeper = (draft: { model: string; version: string }, file: ArrivedFile) => Promise<KeptFile>;

/** Makes files of bytes that have arrived. Each would wait for the lock of its version: what arrives meanwhile is taken
 *  together, in one transaction. Where one of them is refused, each is taken by itself. */
export function openFileKeeper({ db }: Pick<Registry, "db">): FileKeeper {
  const keep = (model: string, version: string, files: readonly ArrivedFile[]) =>
    db.$transaction(async (tx) => keepFiles(tx, await findDraft(tx, model, version), files));
  const keepSoon = inBatches<{ model: string; version: string }, ArrivedFile, KeptFile>(({ model, version }, files) =>
    keep(model, version, files),
  );
  return (draft, file) => keepSoon(`${draft.model}:${draft.version}`, draft, file);
}

/** Bytes first, rows second: a crash in between leaves bytes without a row for the collector, never a row without
 *  bytes. Of a file that is refused nothing stays. A file of the same path is replaced. Throws `version_sealed`,
 *  `digest_mismatch`, `path_taken`, `too_many_files`, `file_too_large`, `space_exceeded`, `store_full`. */
export async function putFile(
  { db, blobs, config, keeper }: Pick<Registry, "db" | "blobs" | "config"> & { keeper: FileKeeper },
  input: NewFile,
  actor: Actor,
): Promise<{ file: StoredFile & Pick<Ingested, "framedDigest">; replaced: boolean }> {
  const { model, version, path, body, expectedDigest, announcedBytes, frame, signal } = input;
  // A body for a version that cannot take it is not worth storing.
  const limit = await limitOfFile({ db, config }, await findDraft(db, model, version, "no lock"), path);
  if (limit !== null && (announcedBytes ?? 0) > limit.bytes) throw limit.refusal();
  await blobs.requireRoom(announcedBytes ?? 0);
  const bytes = await ingest(blobs, body, { announcedBytes, expectedDigest, frame, signal, limit });
  const { replaced } = await commitIngested(blobs, [bytes], input.afterwards, () =>
    keeper({ model, version }, { ...bytes, path, actor }),
  );
  const { key: _, ...file } = bytes;
  return { file: { path, ...file }, replaced };
}

/** Bytes that are stored become files of a draft, whose row is locked. Throws `path_taken`, `too_many_files`,
 *  `space_exceeded`. */
export async function keepFiles(
  tx: Transaction,
  draft: VersionRow,
  files: readonly ArrivedFile[],
): Promise<KeptFile[]> {
  const needless = new Set(await keepIngested(tx, files));
  const replaced = await putFileRows(tx, draft, files);
  return files.map(({ path, key }) => ({ needless: needless.has(key) ? [key] : [], replaced: replaced.has(path) }));
}
