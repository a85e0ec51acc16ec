import type { DescribedPackage } from "#core/packaging/describe-package.ts";
import { Failure } from "../failure.ts";
import { checkPackage, offersOf } from "../package/check-package.ts";
import { findFiles } from "../push/folder.ts";
import { labelsOf, metadataOf } from "../push/told.ts";
import { showLines } from "../terminal/lines.ts";
import { plain } from "../terminal/table.ts";
import { bytesText, filesText } from "../terminal/units.ts";
import type { Work } from "../work.ts";

export interface CheckOptions {
  label?: string[];
  metadata?: string;
  followLinks?: boolean;
}

/** What the service would say of a folder. Nothing is sent; the service is asked what it builds on, where there is one. */
export async function check(work: Work, folder: string, options: CheckOptions): Promise<void> {
  const { screen } = work;
  try {
    const given = { labels: labelsOf(options.label), metadata: await metadataOf(options.metadata) };
    const files = await findFiles(folder, options.followLinks === true);
    const { offers, why } = await offersOf(work.service);
    const described = await checkPackage(files, given, offers);
    if (screen.json) return screen.print(JSON.stringify({ servable: true, ...described, faults: [] }));
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    showLines(screen, [...linesOf(described), ["files", `${filesText(files.length)}, ${bytesText(sizeBytes)}`]]);
    for (const note of described.notes) screen.note(plain(note));
    if (why !== null) screen.note(`whether there is such a Python was not asked: ${why}`);
  } catch (error) {
    if (screen.json && error instanceof Failure)
      screen.print(JSON.stringify({ servable: false, faults: faultsOf(error) }));
    throw error;
  }
}

function faultsOf({ about, message }: Failure): { where?: string; message: string }[] {
  const { faults = [] } = about;
  return faults.length > 0 ? [...faults] : [{ message }];
}

function linesOf({ spec }: DescribedPackage): [string, string][] {
  const { predictor, modelFile, preprocessorFile } = spec;
  const before = preprocessorFile === null ? "" : `, after ${preprocessorFile}`;
  const answers =
    predictor === null ? `${modelFile ?? "its own server"}${before}` : `${predictor.file}:${predictor.class}`;
  return [
    ["servable", `${spec.format}: ${answers}`],
    ["python", spec.pythonMinor ?? "that of the registry's base"],
    ["installs", [...spec.requirements, ...spec.systemPackages].join(" ")],
    ["for", spec.platforms.join(" ")],
    ["proof", spec.example === null ? "that it is healthy: there is no example" : "that it answers the example"],
  ];
}
