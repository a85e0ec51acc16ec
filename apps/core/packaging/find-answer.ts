import type { Fault } from "#core/errors.ts";
import { fileFormats } from "#core/inspect/file-format.ts";
import { answerOf, type Found } from "./answer.ts";
import { unserved } from "./catalogue.ts";
import { type FoundFile, type FoundFolder, type FoundModel, findModel, formatOf, namedModel } from "./find-model.ts";
import { findPredictor, type Predictor } from "./find-predictor.ts";
import { bentoArchiveAnswer, bentoFolderAnswer } from "./models/bento.ts";
import { estimatorAnswer } from "./models/estimator.ts";
import { kerasAnswer } from "./models/keras.ts";
import { mlflowAnswer } from "./models/mlflow.ts";
import { onnxAnswer } from "./models/onnx.ts";
import { savedModelAnswer } from "./models/saved-model.ts";
import { torchscriptAnswer } from "./models/torchscript.ts";
import { lightgbmAnswer, xgboostAnswer } from "./models/trees.ts";
import { absentFault } from "./near-miss.ts";
import type { PackageReader } from "./package-reader.ts";
import type { Format } from "./package-spec.ts";
import type { Declared } from "./slipway-yaml.ts";

/** A Predictor, else the model file or folder (precedence 2 to 4). */
export async function findAnswer(reader: PackageReader, declared: Declared): Promise<Found> {
  const { predictor, faults } = await findPredictor(reader, declared.predictor);
  if (faults.length > 0) return { answer: null, faults };
  if (predictor !== null) return answerOfPredictor(reader, declared, predictor);
  if (declared.format === "python")
    return {
      answer: null,
      faults: [
        {
          where: "slipway.yaml: format",
          message:
            "python is served by a class Predictor in src/predictor.py, or where predictor points: the package has none",
        },
      ],
    };
  const search =
    declared.model === null ? await findModel(reader, declared.format) : await namedModel(reader, declared.model);
  if (search.model === null) return { answer: null, faults: search.faults };
  return answerOfModel(reader, declared, search.model);
}

function answerOfPredictor(reader: PackageReader, declared: Declared, predictor: Predictor): Found {
  const faults: Fault[] = [];
  const notes: string[] = [];
  const name = `${predictor.file}:${predictor.class}`;
  for (const key of ["model", "preprocessor"] as const) {
    const path = declared[key];
    if (path === null) continue;
    if (!reader.files.some((file) => file.path === path || file.path.startsWith(`${path}/`)))
      faults.push(absentFault(reader, key, path));
    else notes.push(`${name} answers; ${path} is its own to load`);
  }
  if (declared.format !== null && declared.format !== "python")
    notes.push(`${name} answers, so the package is served as python, not as ${declared.format}`);
  return { answer: answerOf("python", null, { predictor, notes }), faults };
}

type OfFile = (reader: PackageReader, model: FoundFile, declared: Declared) => Promise<Found>;
type OfFolder = (reader: PackageReader, model: FoundFolder) => Promise<Found>;

/** What reads a model of each format: a file, a folder, or either. */
const readers: Record<Exclude<Format, "python">, { file?: OfFile; folder?: OfFolder }> = {
  sklearn: { file: (reader, model, declared) => estimatorAnswer(reader, declared, model) },
  xgboost: { file: xgboostAnswer },
  lightgbm: { file: lightgbmAnswer },
  onnx: { file: onnxAnswer },
  torchscript: { file: torchscriptAnswer },
  keras: { file: kerasAnswer },
  savedmodel: { folder: savedModelAnswer },
  mlflow: { folder: mlflowAnswer },
  bentoml: { file: bentoArchiveAnswer, folder: bentoFolderAnswer },
};

async function answerOfModel(reader: PackageReader, declared: Declared, model: FoundModel): Promise<Found> {
  const format = formatOf(model);
  if (declared.format !== null && declared.format !== format)
    return { answer: null, faults: [unfitting(declared.format, model)] };
  const { file, folder } = format === null || format === "python" ? {} : readers[format];
  const found = model.kind === "file" ? await file?.(reader, model, declared) : await folder?.(reader, model);
  if (found === undefined) return { answer: null, faults: [unservedFault(model)] };
  if (declared.preprocessor !== null && format !== "sklearn") found.faults.push(needlessPreprocessor);
  return found;
}

const needlessPreprocessor: Fault = {
  where: "slipway.yaml: preprocessor",
  message:
    "a preprocessor is applied before a pickled model only: make it part of the model, or of a class Predictor in src/predictor.py",
};

const folderNames: Partial<Record<Format, string>> = {
  savedmodel: "a TensorFlow SavedModel",
  mlflow: "an MLflow model",
  bentoml: "a Bento",
};

/** By name, and as a sentence says it: `model is a TensorFlow SavedModel`. */
function whatIs(model: FoundModel): { where: string; sentence: string } {
  if (model.kind === "file")
    return { where: model.file.path, sentence: `${model.file.path} is ${fileFormats[model.detected.format]}` };
  const place = model.path === "" ? "the package" : model.path;
  return {
    where: model.path === "" ? "package" : `${model.path}/`,
    sentence: `${place} is ${folderNames[model.format]}`,
  };
}

function unfitting(format: Format, model: FoundModel): Fault {
  return { where: "slipway.yaml: format", message: `${format} does not fit: ${whatIs(model).sentence}` };
}

/** What to say of a model that is known and not served. */
function unservedFault(model: FoundModel): Fault {
  const { where, sentence } = whatIs(model);
  const remedy = model.kind === "file" ? unserved[model.detected.format] : undefined;
  return { where, message: `${sentence}: ${remedy ?? "there is no runtime for it"}` };
}
