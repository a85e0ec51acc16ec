import type { Fault } from "#core/errors.ts";
import { detectFormat } from "#core/inspect/detect-format.ts";
import { fileFormats } from "#core/inspect/file-format.ts";
import type { PickleInspection } from "#core/inspect/pickle/pickle-findings.ts";
import { catalogue, servedFormat } from "./catalogue.ts";
import { type FoundModel, findModel, namedModel, unknownBytes } from "./find-model.ts";
import { findPredictor, type Predictor } from "./find-predictor.ts";
import { inspectEstimator, inspectOnnx, unservedFault } from "./inspect-model.ts";
import { keepingFault } from "./keeping-fault.ts";
import { didYouMean, nearPaths } from "./near-miss.ts";
import { folderOf, type PackageFile, type PackageReader, sourceOf, within } from "./package-reader.ts";
import type { Format, Signature } from "./package-spec.ts";
import type { Declared } from "./slipway-yaml.ts";

/** What answers a request, and what its bytes say. */
export interface Answer {
  format: Format;
  modelFile: string | null;
  preprocessorFile: string | null;
  predictor: Predictor | null;
  /** What the file says of its inputs and outputs. */
  signature: Signature | null;
  pickles: readonly PickleInspection[];
  notes: readonly string[];
}

type Found = { answer: Answer | null; faults: Fault[] };

/** A Predictor, else the model file (precedence 2 to 4). */
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
    declared.model === null
      ? await findModel(reader, declared.format && catalogue[declared.format].file)
      : await namedModel(reader, declared.model);
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
      faults.push(absent(reader, key, path));
    else notes.push(`${name} answers; ${path} is its own to load`);
  }
  if (declared.format !== null && declared.format !== "python")
    notes.push(`${name} answers, so the package is served as python, not as ${declared.format}`);
  const answer: Answer = {
    format: "python",
    modelFile: null,
    preprocessorFile: null,
    predictor,
    signature: null,
    pickles: [],
    notes,
  };
  return { answer, faults };
}

async function answerOfModel(reader: PackageReader, declared: Declared, model: FoundModel): Promise<Found> {
  if (model.kind === "folder") return { answer: null, faults: [unservedFolder(model)] };
  const { file, detected } = model;
  const format = servedFormat(detected.format);
  if (declared.format !== null && catalogue[declared.format].file !== detected.format)
    return {
      answer: null,
      faults: [
        {
          where: "slipway.yaml: format",
          message: `${declared.format} does not fit: ${file.path} is ${fileFormats[detected.format]}`,
        },
      ],
    };
  if (format === "onnx") return answerOfOnnx(reader, declared, file);
  if (format === "sklearn") return answerOfEstimator(reader, declared, model);
  return { answer: null, faults: [unservedFault(file.path, detected)] };
}

const folderNames = { savedmodel: "a TensorFlow SavedModel", mlflow: "an MLflow model", bentoml: "a Bento" };

function unservedFolder({ path, format }: Extract<FoundModel, { kind: "folder" }>): Fault {
  const place = path === "" ? "the package" : path;
  return {
    where: path === "" ? "package" : `${path}/`,
    message: `${place} is ${folderNames[format]}: there is no runtime for it yet; a class Predictor in src/predictor.py can serve it`,
  };
}

async function answerOfOnnx(reader: PackageReader, declared: Declared, file: PackageFile): Promise<Found> {
  const { onnx, faults } = await inspectOnnx(reader, file);
  if (declared.preprocessor !== null)
    faults.push({
      where: "slipway.yaml: preprocessor",
      message:
        "a preprocessor is applied before a pickled model only: make it part of the ONNX model, or of a class Predictor",
    });
  if (onnx === null) return { answer: null, faults };
  const tensors = (values: typeof onnx.inputs) => values.map((value) => ({ ...value, optional: false }));
  const signature = { inputs: tensors(onnx.inputs), outputs: tensors(onnx.outputs) };
  const unkept = keepingFault(signature);
  if (unkept !== null)
    faults.push({ where: file.path, message: `the names of ${file.path} cannot be kept: ${unkept}` });
  return {
    answer: {
      format: "onnx",
      modelFile: file.path,
      preprocessorFile: null,
      predictor: null,
      signature,
      pickles: [],
      notes: [],
    },
    faults,
  };
}

async function answerOfEstimator(
  reader: PackageReader,
  declared: Declared,
  { file, detected }: Extract<FoundModel, { kind: "file" }>,
): Promise<Found> {
  const { pickle, faults } = await inspectEstimator(reader, file, detected, { trusted: declared.format === "sklearn" });
  const before = await findPreprocessor(reader, declared.preprocessor, folderOf(file.path));
  faults.push(...before.faults);
  const answer: Answer = {
    format: "sklearn",
    modelFile: file.path,
    preprocessorFile: before.path,
    predictor: null,
    signature: null,
    pickles: [pickle, before.pickle].filter((found) => found !== null),
    notes: [],
  };
  return { answer, faults };
}

/** The declared one, else `preprocessor.pkl` beside the model. */
async function findPreprocessor(
  reader: PackageReader,
  declared: string | null,
  folder: string,
): Promise<{ path: string | null; pickle: PickleInspection | null; faults: Fault[] }> {
  const path = declared ?? within(folder, "preprocessor.pkl");
  const file = reader.files.find((candidate) => candidate.path === path);
  const none = (faults: Fault[]) => ({ path: null, pickle: null, faults });
  if (file === undefined)
    return none(declared === null ? unappliedPreprocessor(reader, folder) : [absent(reader, "preprocessor", declared)]);
  const detected = await detectFormat(sourceOf(reader, file));
  if (detected === null) return none([await unknownBytes(reader, file)]);
  if (detected.format !== "pickle")
    return none([
      {
        where: path,
        message: `${path} is ${fileFormats[detected.format]}: a preprocessor is a pickle of a fitted transformer`,
      },
    ]);
  return { path, ...(await inspectEstimator(reader, file, detected, { trusted: true })) };
}

/** A preprocessor that would be forgotten, and the predictions wrong. */
function unappliedPreprocessor(reader: PackageReader, folder: string): Fault[] {
  const other = reader.files.find(
    ({ path }) => folderOf(path) === folder && /(?:^|\/)preprocessor\.(?:joblib|pickle)$/.test(path),
  );
  if (other === undefined) return [];
  return [
    {
      where: other.path,
      message: `${other.path} would not be applied, since only preprocessor.pkl is by its name: say preprocessor: ${other.path} in slipway.yaml, or leave the file out`,
    },
  ];
}

function absent(reader: PackageReader, key: string, path: string): Fault {
  const paths = reader.files.map((file) => file.path);
  return { where: `slipway.yaml: ${key}`, message: `the package has no ${path}${didYouMean(nearPaths(path, paths))}` };
}
