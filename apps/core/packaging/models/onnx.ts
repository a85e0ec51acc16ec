import { readOnnx } from "#core/inspect/onnx/read-onnx.ts";
import { answerOf, type Found } from "../answer.ts";
import type { FoundFile } from "../find-model.ts";
import { folderOf, hasFile, type PackageReader, sourceOf, within } from "../package-reader.ts";
import { orFault } from "./or-fault.ts";
import { signatureOf } from "./signature-of.ts";

/** An ONNX model; the files that hold its weights have to be there. */
export async function onnxAnswer(reader: PackageReader, { file }: FoundFile): Promise<Found> {
  const read = await orFault(file.path, () => readOnnx(sourceOf(reader, file)));
  if ("fault" in read) return { answer: null, faults: [read.fault] };
  const absent = read.value.externalFiles.filter(
    (name) => !hasFile(reader, within(folderOf(file.path), name.replace(/^\.\//, ""))),
  );
  const { signature, faults } = signatureOf(file.path, read.value);
  faults.push(
    ...absent.slice(0, 10).map((name) => ({
      where: file.path,
      message: `${file.path} keeps weights in "${name.slice(0, 200)}" beside it, which the package does not hold`,
    })),
  );
  return { answer: answerOf("onnx", file.path, { signature }), faults };
}
