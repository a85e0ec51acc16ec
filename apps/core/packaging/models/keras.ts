import { major, valid } from "@renovatebot/pep440";
import { readKerasArchive, readKerasHdf5 } from "#core/inspect/keras/read-keras.ts";
import { answerOf, type Found } from "../answer.ts";
import type { FoundFile } from "../find-model.ts";
import { type PackageReader, sourceOf } from "../package-reader.ts";
import { orFault } from "./or-fault.ts";

/** A whole Keras model in one file. What Keras itself would refuse to load is refused here, where it can be mended. */
export async function kerasAnswer(reader: PackageReader, { file, detected }: FoundFile): Promise<Found> {
  const source = sourceOf(reader, file);
  const read = detected.format === "keras" ? readKerasArchive : readKerasHdf5;
  const found = await orFault(file.path, () => read(source));
  if ("fault" in found) return { answer: null, faults: [found.fault] };
  const { version, ownClasses, hasBytecode } = found.value;
  const faults: string[] = [];
  if (hasBytecode)
    faults.push(
      "holds a Lambda layer with Python bytecode in it, which Keras does not load for the sake of safety: write it as a layer of its own or with keras.ops, or serve the model with a class Predictor in src/predictor.py",
    );
  if (ownClasses.length > 0)
    faults.push(
      `uses ${ownClasses.slice(0, 3).join(", ")} of the script or notebook that saved it, which Keras alone does not find: serve it with a class Predictor in src/predictor.py, which defines it and loads the model`,
    );
  return {
    answer: answerOf("keras", file.path, { saved: { version: servedVersion(version), pickles: [] } }),
    faults: faults.map((message) => ({ where: file.path, message: `${file.path} ${message}` })),
  };
}

/** Keras 3 reads what Keras 2 saved, and Keras 2 knows no other backend than a TensorFlow of its time. */
function servedVersion(version: string | null): string | null {
  return version !== null && valid(version) !== null && major(version) >= 3 ? version : null;
}
