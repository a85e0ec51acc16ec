import { Failure } from "../failure.ts";
import { inParallel } from "../in-parallel.ts";
import { at, documentOf, everyItem, filePath, type Service } from "../service/connect.ts";
import { showProgress } from "../terminal/progress.ts";
import type { Screen } from "../terminal/screen.ts";
import { bytesText } from "../terminal/units.ts";
import { contentDigest, hasChanged, type LocalFile } from "./folder.ts";
import type { Version } from "./release.ts";
import { sendDirect } from "./send-direct.ts";
import { sendResumable } from "./send-resumable.ts";
import { bytesFrom, type Sending } from "./sending.ts";

/** Up to here a file that is cut off is sent again whole: by tus it would take twice the time or more (decision 0088). */
const wholeBytes = 256 * 1024 * 1024;
/** From here on parts that go straight to the store are worth their requests. */
const directBytes = 32 * 1024 * 1024;
const filesAtOnce = 6;
const namedAtOnce = 1_000;

/** Makes the draft hold these files and no others. What it has is left, what the service knows is named, the rest sent:
 *  large files go on where a run before this one was cut off. */
export async function bringFiles(
  service: Service,
  screen: Screen,
  draft: Version,
  files: readonly LocalFile[],
): Promise<void> {
  const path = { model: draft.model, version: draft.version };
  const held = await everyItem((query) =>
    service.api.GET("/v1/models/{model}/versions/{version}/files", { params: { path, query } }),
  );
  const wanted = new Set(files.map((file) => file.path));
  const place = at("models", draft.model, "versions", draft.version);
  for (const file of held)
    if (!wanted.has(file.path)) await service.send("DELETE", `${place}/files/${filePath(file.path)}`, {}, null);
  const there = new Map(held.map((file) => [file.path, file.digest]));
  const missing = await nameKnown(
    service,
    draft,
    files.filter((file) => there.get(file.path) !== file.digest),
  );
  const sizeOf = (some: readonly LocalFile[]) => some.reduce((sum, file) => sum + file.sizeBytes, 0);
  const knownBytes = sizeOf(files) - sizeOf(missing);
  if (knownBytes > 0) screen.note(`${bytesText(knownBytes)} of ${bytesText(sizeOf(files))} are there already`);
  const progress = showProgress(screen, "sending", sizeOf(files), knownBytes);
  try {
    const largestFirst = [...missing].sort((a, b) => b.sizeBytes - a.sizeBytes);
    await inParallel(largestFirst, filesAtOnce, async (file) => {
      let counted = 0;
      const countTo = (bytes: number) => {
        progress.add(bytes - counted);
        counted = bytes;
      };
      try {
        await sendFile({ service, draft, file, countTo });
      } catch (error) {
        if (!service.signal.aborted && (await hasChanged(file)))
          throw new Failure("failed", `${file.path} was changed while it was pushed: push again when it stays`, {
            code: "file_changed",
            cause: error,
          });
        if (error instanceof Failure && error.about.status !== undefined && !error.message.includes(file.path))
          throw new Failure(error.ending, `${file.path}: ${error.message}`, error.about);
        throw error;
      }
    });
  } finally {
    progress.end();
  }
}

/** Puts files into the draft by their digests; returns those that have to be sent. */
async function nameKnown(service: Service, { model, version }: Version, files: LocalFile[]): Promise<LocalFile[]> {
  const missing: LocalFile[] = [];
  for (let start = 0; start < files.length; start += namedAtOnce) {
    const batch = files.slice(start, start + namedAtOnce);
    const answer = documentOf(
      await service.api.POST("/v1/models/{model}/versions/{version}/files", {
        params: { path: { model, version } },
        body: { files: batch.map(({ path, digest }) => ({ path, digest })) },
      }),
    );
    const absent = new Set(answer.missing.map(({ path }) => path));
    missing.push(...batch.filter(({ path }) => absent.has(path)));
  }
  return missing;
}

async function sendFile(sending: Sending): Promise<void> {
  const { sizeBytes } = sending.file;
  if (sizeBytes >= directBytes && (await sendDirect(sending))) return;
  if (sizeBytes > wholeBytes) return sendResumable(sending);
  return sendWhole(sending);
}

async function sendWhole({ service, draft, file, countTo }: Sending): Promise<void> {
  const headers = {
    "content-length": String(file.sizeBytes),
    "content-type": "application/octet-stream",
    "content-digest": contentDigest(file.digest),
  };
  const place = `${at("models", draft.model, "versions", draft.version)}/files/${filePath(file.path)}`;
  await service.send("PUT", place, headers, file.sizeBytes === 0 ? null : () => bytesFrom(file, 0, countTo));
  countTo(file.sizeBytes);
}
