import { readLightgbm } from "#core/inspect/lightgbm/read-lightgbm.ts";
import type { ModelSignature } from "#core/inspect/model-tensor.ts";
import { readXgboost } from "#core/inspect/xgboost/read-xgboost.ts";
import { answerOf, type Found } from "../answer.ts";
import type { FoundFile } from "../find-model.ts";
import { type PackageReader, sourceOf } from "../package-reader.ts";
import { orFault } from "./or-fault.ts";
import { signatureOf } from "./signature-of.ts";

export function xgboostAnswer(reader: PackageReader, { file }: FoundFile): Promise<Found> {
  return treesAnswer("xgboost", file.path, () => readXgboost(sourceOf(reader, file)));
}

export function lightgbmAnswer(reader: PackageReader, { file }: FoundFile): Promise<Found> {
  return treesAnswer("lightgbm", file.path, () => readLightgbm(sourceOf(reader, file)));
}

async function treesAnswer(
  format: "xgboost" | "lightgbm",
  path: string,
  read: () => Promise<{ signature: ModelSignature | null; version?: string | null; before?: string }>,
): Promise<Found> {
  const found = await orFault(path, read);
  if ("fault" in found) return { answer: null, faults: [found.fault] };
  const { signature, faults } = signatureOf(path, found.value.signature);
  const { version = null, before } = found.value;
  const saved = { version, pickles: [], ...(before === undefined ? {} : { before }) };
  return { answer: answerOf(format, path, { signature, saved }), faults };
}
