import { type Fault, isSlipwayError } from "#core/errors.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { checkLabels, checkMetadata } from "#core/models/labels.ts";
import { findClash } from "#core/models/path-clashes.ts";
import { type DescribedPackage, describePackage, type GivenWords } from "#core/packaging/describe-package.ts";
import { nothingKnown, type Offers } from "#core/packaging/offers.ts";
import { Failure } from "../failure.ts";
import type { FoundFile } from "../push/folder.ts";
import type { Service } from "../service/connect.ts";
import { documentOf } from "../service/connect.ts";
import { folderPackage } from "./folder-package.ts";

/** What the service would make of the files, by its own rules (decision 0075). Throws `Failure` with every reason why it would
 *  refuse them. `more` is as if it lay there. */
export async function checkPackage(
  files: readonly FoundFile[],
  given: GivenWords,
  offers: Offers,
  more: Record<string, string> = {},
): Promise<DescribedPackage> {
  requirePaths(files);
  return refusedAsFailure(async () => {
    const described = await describePackage(folderPackage(files, more), given, offers);
    checkLabels(described.labels);
    checkMetadata(described.metadata);
    return described;
  });
}

/** What packages are built on there; nothing, and why, where no service can be asked. */
export async function offersOf(asked: () => Promise<Service>): Promise<{ offers: Offers; why: string | null }> {
  try {
    const { api } = await asked();
    return { offers: documentOf(await api.GET("/v1/offers")), why: null };
  } catch (error) {
    if (!(error instanceof Failure) || error.ending === "usage") throw error;
    return { offers: nothingKnown, why: error.message };
  }
}

function requirePaths(files: readonly FoundFile[]): void {
  const faults: Fault[] = [];
  const paths = files.flatMap(({ path }) => {
    try {
      return [parseFilePath(path)];
    } catch (error) {
      if (!isSlipwayError(error)) throw error;
      faults.push({ where: path, message: error.message });
      return [];
    }
  });
  const clash = findClash(paths);
  if (clash !== null) faults.push({ where: clash[0], message: `cannot stand beside ${clash[1]}: rename one of them` });
  if (faults.length > 0) throw new Failure("failed", "some files cannot be kept under their names", { faults });
}

async function refusedAsFailure<Result>(look: () => Promise<Result>): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    throw new Failure("failed", error.message, { code: error.code, faults: error.faults });
  }
}
