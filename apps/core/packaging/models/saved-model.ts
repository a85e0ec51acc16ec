import type { Fault } from "#core/errors.ts";
import { readSavedModel } from "#core/inspect/tensorflow/read-saved-model.ts";
import { answerOf, type Found } from "../answer.ts";
import { type FoundFolder, servedPath } from "../find-model.ts";
import { type PackageReader, sourceOf, within } from "../package-reader.ts";
import { orFault } from "./or-fault.ts";
import { signatureOf } from "./signature-of.ts";

/** A TensorFlow SavedModel; its weights have to be there. */
export async function savedModelAnswer(reader: PackageReader, folder: FoundFolder): Promise<Found> {
  const file = reader.files.find(({ path }) => path === within(folder.path, "saved_model.pb"));
  const answer = answerOf("savedmodel", servedPath(folder));
  // As text it is for people, and says what TensorFlow reads of it.
  if (file === undefined) return { answer, faults: [] };
  const read = await orFault(file.path, () => readSavedModel(sourceOf(reader, file)));
  if ("fault" in read) return { answer: null, faults: [read.fault] };
  const { version, hasVariables } = read.value;
  const { signature, faults } = signatureOf(file.path, read.value.signature);
  if (hasVariables) faults.push(...absentVariables(reader, folder.path, file.path));
  return { answer: { ...answer, signature, saved: { version, pickles: [] } }, faults };
}

/** `variables.index`, and `variables.data-00000-of-00002` and on. */
function absentVariables(reader: PackageReader, folder: string, where: string): Fault[] {
  const prefix = within(folder, "variables/variables.");
  const names = new Set(
    reader.files.filter(({ path }) => path.startsWith(prefix)).map(({ path }) => path.slice(prefix.length)),
  );
  const shards = [...names].flatMap((name) => /^data-\d{5}-of-(\d{5})$/.exec(name)?.[1] ?? []);
  const count = Number(shards[0] ?? 1);
  const wanted = [
    "index",
    ...Array.from({ length: Math.min(count, 10_000) }, (_, shard) => `data-${padded(shard)}-of-${padded(count)}`),
  ];
  const absent = wanted.filter((name) => !names.has(name)).map((name) => `${prefix}${name}`);
  if (absent.length === 0) return [];
  const shown =
    absent.length > 3 ? `${absent.slice(0, 3).join(", ")} and ${absent.length - 3} more` : absent.join(", ");
  return [{ where, message: `${where} keeps weights in ${shown}, which the package does not hold` }];
}

function padded(number: number): string {
  return String(number).padStart(5, "0");
}
