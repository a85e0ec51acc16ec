import { reported } from "../pipeline/report.ts";
import { begin, hasCode } from "../push/begin.ts";
import { bringFiles } from "../push/bring-files.ts";
import { type FinishOptions, finish } from "../push/finish.ts";
import { findFiles, hashFiles } from "../push/folder.ts";
import { isStep } from "../push/numbers.ts";
import { isOpen, type Release } from "../push/release.ts";
import { seal } from "../push/seal.ts";
import { labelsOf, metadataOf } from "../push/told.ts";
import { showProgress } from "../terminal/progress.ts";
import type { Work } from "../work.ts";

export interface PushOptions extends FinishOptions {
  version: string;
  description?: string;
  label?: string[];
  metadata?: string;
  followLinks?: boolean;
}

/** A folder becomes a version: its files first, then the seal. Cut off anywhere and run again, it goes on with the same
 *  draft. */
export function push(work: Work, model: string, folder: string, options: PushOptions): Promise<void> {
  return reported(options, `The push of ${model} failed`, () => pushFolder(work, model, folder, options));
}

async function pushFolder(work: Work, model: string, folder: string, options: PushOptions): Promise<void> {
  const { screen, signal } = work;
  isStep(options.version); // or no version at all: said before anything is read
  const labels = labelsOf(options.label);
  const metadata = await metadataOf(options.metadata);
  const found = await findFiles(folder, options.followLinks === true);
  const service = await work.service();
  await service.api.GET("/v1/me"); // a wrong address or token is said before gigabytes are hashed
  const hashing = showProgress(
    screen,
    "hashing",
    found.reduce((sum, file) => sum + file.sizeBytes, 0),
  );
  const files = await hashFiles(found, signal, hashing.add).finally(hashing.end);
  const description = options.description ?? "";
  const release: Release = { model, version: options.version, files, description, labels, metadata };
  let version = await begin(service, release);
  if (isOpen(version)) {
    screen.note(`${model}:${version.version} is a draft`);
    await bringFiles(service, screen, version, files).catch((error: unknown) => {
      if (!hasCode(error, "version_sealed")) throw error; // by the same push, run twice at once: `seal` compares
    });
    version = await seal(service, release, version);
  }
  await finish(work, service, version, options);
}
