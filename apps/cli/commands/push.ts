import { begin, readVersion } from "../push/begin.ts";
import { bringFiles } from "../push/bring-files.ts";
import { findFiles, hashFiles } from "../push/folder.ts";
import { isStep } from "../push/numbers.ts";
import { isOpen, type Release, type Version } from "../push/release.ts";
import { seal } from "../push/seal.ts";
import { labelsOf, metadataOf } from "../push/told.ts";
import { waitReady } from "../service/follow-build.ts";
import { showProgress } from "../terminal/progress.ts";
import { plain } from "../terminal/table.ts";
import { bytesText, filesText } from "../terminal/units.ts";
import type { Work } from "../work.ts";

export interface PushOptions {
  version: string;
  description?: string;
  label?: string[];
  metadata?: string;
  wait?: boolean;
  followLinks?: boolean;
}

/** A folder becomes a version: its files first, then the seal. Cut off anywhere and run again, it goes on with the same
 *  draft. */
export async function push(work: Work, model: string, folder: string, options: PushOptions): Promise<void> {
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
    await bringFiles(service, screen, version, files);
    version = await seal(service, release, version);
  }
  if (options.wait === true) {
    screen.note(`building ${model}:${version.version}`);
    version = await waitReady(service, version, (line) => screen.note(screen.colours.dim(plain(line))));
  } else version = await readVersion(service, model, version.version);
  showPushed(work, version);
}

function showPushed({ screen }: Work, version: Version): void {
  if (screen.json) {
    screen.print(JSON.stringify(version));
    return;
  }
  const { model, version: number, fileCount, sizeBytes, image, status } = version;
  screen.print(`${model}:${number}  ${status}  ${filesText(fileCount)}, ${bytesText(sizeBytes)}`);
  if (image !== null) screen.print(`image   ${image.reference}\ndigest  ${image.digest}`);
  else screen.print(`follow its build: slipway logs -f ${model}@${number}`);
}
