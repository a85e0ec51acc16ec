import { createHash } from "node:crypto";
import { lstat, rename } from "node:fs/promises";
import { join } from "node:path";
import { digestPattern } from "#core/artifacts/digest.ts";
import { Failure } from "../failure.ts";
import { inParallel } from "../in-parallel.ts";
import { digestOf } from "../push/folder.ts";
import type { Version } from "../push/release.ts";
import { at, everyItem, filePath, type Service } from "../service/connect.ts";
import { showProgress } from "../terminal/progress.ts";
import type { Screen } from "../terminal/screen.ts";
import { fetchInto, type RemoteFile } from "./fetch-file.ts";
import { onePull } from "./one-pull.ts";
import { makeRoom, partsFolder, targetOf } from "./target.ts";

/*
 * <folder>/model/model.pkl                    there whole and verified, or as it was before
 *          .slipway-pull/<digest>-<path>.part what has come of a file so far; gone when all are there
 *                        lock                 of the pull that is at it
 */
const filesAtOnce = 6;

export async function filesOf({ api }: Service, { model, version }: Version): Promise<RemoteFile[]> {
  const files = await everyItem((query) =>
    api.GET("/v1/models/{model}/versions/{version}/files", { params: { path: { model, version }, query } }),
  );
  return files.map(({ path, digest, sizeBytes }) => {
    if (digest === null)
      throw new Failure("unavailable", `${path} is still being read by the service: pull again soon`);
    // It names the part: the service is not trusted in that.
    if (!new RegExp(digestPattern).test(digest))
      throw new Failure("failed", `${JSON.stringify(path)} has the digest ${JSON.stringify(digest)}, which is none`);
    return { path, digest, sizeBytes };
  });
}

/** Files that are there with the same bytes are left, others of the same name replaced; what else is in the folder stays. */
export async function pullFiles(
  service: Service,
  screen: Screen,
  version: Version,
  folder: string,
): Promise<RemoteFile[]> {
  const files = await filesOf(service, version);
  const targets = new Map(files.map((file) => [file.path, targetOf(folder, file.path)]));
  const parts = join(folder, partsFolder);
  const place = `${at("models", version.model, "versions", version.version)}/files`;
  const progress = showProgress(
    screen,
    "pulling",
    files.reduce((sum, file) => sum + file.sizeBytes, 0),
  );
  try {
    const largestFirst = [...files].sort((a, b) => b.sizeBytes - a.sizeBytes);
    await onePull(parts, service.signal, (requireOurs) =>
      inParallel(largestFirst, filesAtOnce, async (file) => {
        const target = targets.get(file.path) ?? "";
        await makeRoom(folder, target);
        if (await holds(target, file, service.signal)) return progress.add(file.sizeBytes);
        const byPath = createHash("sha256").update(file.path).digest("hex").slice(0, 16);
        const part = join(parts, `${file.digest.slice(-64)}-${byPath}.part`);
        await fetchInto(service, `${place}/${filePath(file.path)}`, file, part, progress.add);
        await makeRoom(folder, target); // who has put a link there meanwhile
        await requireOurs();
        await rename(part, target);
      }),
    );
  } finally {
    progress.end();
  }
  return files;
}

/** Also of a link, which is no file of ours, it does not hold. */
export async function holds(place: string, file: RemoteFile, signal: AbortSignal): Promise<boolean> {
  const found = await lstat(place).catch(() => null);
  if (!found?.isFile() || found.size !== file.sizeBytes) return false;
  return (await digestOf({ place, path: file.path }, signal, () => {})) === file.digest;
}
