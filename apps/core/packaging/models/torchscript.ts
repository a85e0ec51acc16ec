import { repeatedEntry, zipEntries } from "#core/inspect/zip-archive.ts";
import { answerOf, type Found } from "../answer.ts";
import type { FoundFile } from "../find-model.ts";
import { type PackageReader, sourceOf } from "../package-reader.ts";

/** A TorchScript archive. It names neither its inputs nor the torch that saved it. */
export async function torchscriptAnswer(reader: PackageReader, { file }: FoundFile): Promise<Found> {
  const repeated = repeatedEntry(await zipEntries(sourceOf(reader, file)));
  if (repeated === null) return { answer: answerOf("torchscript", file.path), faults: [] };
  const message = `${file.path} is a ZIP archive that holds ${repeated} twice: which of them counts is for nobody to say`;
  return { answer: null, faults: [{ where: file.path, message }] };
}
