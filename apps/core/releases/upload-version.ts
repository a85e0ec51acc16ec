import type { Readable } from "node:stream";
import { storeBlob } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { Meter } from "#core/artifacts/ingest.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import {
  checkVersion,
  insertVersion,
  type NewVersion,
  orVersionExists,
  versionExists,
} from "#core/models/create-version.ts";
import { type FilePath, foldersOf, foldPath, parseFilePath } from "#core/models/file-path.ts";
import { pathTaken, type StoredFile } from "#core/models/files.ts";
import { findModel } from "#core/models/model.ts";
import { semverKey } from "#core/models/semver.ts";
import { readVersion, type Version } from "#core/models/version.ts";
import { describePackage } from "#core/packaging/describe-package.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { packageReader } from "./package-reader.ts";
import { readTar } from "./read-tar.ts";
import { freeze } from "./seal-version.ts";

/** A whole version from one tar or tar.gz: its files are stored as they stream in, inspected, and then
 *  version, files, seal and build become visible in one transaction. Whatever goes wrong before leaves
 *  bytes for the collector and no version: the same call may be made again. */
export async function uploadVersion(
  { db, blobs, doorbell }: Pick<Registry, "db" | "blobs" | "doorbell">,
  input: NewVersion & { body: Readable; expectedDigest?: Digest | undefined; signal?: AbortSignal | undefined },
  actor: Actor,
): Promise<Version> {
  const { model, version, body, signal } = input;
  checkVersion(input);
  const { id: modelId } = await findModel(db, model);
  const taken = await db.version.count({ where: { modelId, semverKey: semverKey(version) } });
  if (taken > 0) throw versionExists(input);

  const files = new Map<FilePath, StoredFile>();
  const meter = new Meter(input.expectedDigest);
  body.on("error", (error) => meter.destroy(error));
  await readTar(
    body.pipe(meter),
    async (name, content) => {
      const path = inArchive(name);
      if (files.has(path))
        throw new SlipwayError("archive_invalid", `the archive holds "${path}" twice: leave one of them out`);
      files.set(path, { path, ...(await storeBlob({ db, blobs }, content, { signal })) });
    },
    signal,
  );
  checkClashes([...files.keys()]);
  const stored = [...files.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const described = await describePackage(packageReader({ db, blobs }, stored), {
    labels: input.labels ?? {},
    metadata: input.metadata ?? {},
  });

  const workId = await orVersionExists(input, () =>
    db.$transaction(async (tx) => {
      const { id } = await insertVersion(tx, input, actor);
      await tx.versionFile.createMany({
        data: [...files].map(([path, { digest, sizeBytes }]) => ({
          versionId: id,
          path,
          foldedPath: foldPath(path),
          blobDigest: digest,
          sizeBytes,
        })),
      });
      return freeze(tx, { versionId: id, object: `${model}:${version}`, files: stored, described }, actor);
    }),
  );
  await doorbell.ring(workId);
  return readVersion({ db }, model, version);
}

/** The rule of `recordFile`, for files that come all at once. */
function checkClashes(paths: readonly FilePath[]): void {
  const byFolded = new Map<string, FilePath>();
  for (const path of paths) {
    const other = byFolded.get(foldPath(path));
    if (other !== undefined) throw inTheWay(path, other);
    byFolded.set(foldPath(path), path);
  }
  for (const path of paths)
    for (const folder of foldersOf(foldPath(path))) {
      const file = byFolded.get(folder);
      if (file !== undefined) throw inTheWay(path, file);
    }
}

function inTheWay(path: string, by: string): SlipwayError {
  return new SlipwayError("archive_invalid", `in the archive, ${pathTaken(path, by).message}`);
}

/** `tar` writes `./` before each path when it is given a folder. */
function inArchive(name: string): FilePath {
  try {
    return parseFilePath(name.replace(/^(?:\.\/)+/, ""));
  } catch (error) {
    if (isSlipwayError(error, "invalid_path"))
      throw new SlipwayError("archive_invalid", `in the archive, ${error.message}`, { cause: error });
    throw error;
  }
}
