import type { Fault } from "#core/errors.ts";
import { detectFormat } from "#core/inspect/detect-format.ts";
import { type DetectedFile, fileFormats } from "#core/inspect/file-format.ts";
import { inspectPickle } from "#core/inspect/inspect-pickle.ts";
import type { PickleGlobal, PickleInspection } from "#core/inspect/pickle/pickle-findings.ts";
import { answerOf, type Found } from "../answer.ts";
import { type FoundFile, unknownBytes } from "../find-model.ts";
import { absentFault } from "../near-miss.ts";
import { folderOf, type PackageFile, type PackageReader, sourceOf, within } from "../package-reader.ts";
import type { Declared } from "../slipway-yaml.ts";
import { orFault } from "./or-fault.ts";

/** A pickle of scikit-learn's, with what is applied before it. */
export async function estimatorAnswer(
  reader: PackageReader,
  declared: Declared,
  { file, detected }: FoundFile,
): Promise<Found> {
  const { pickle, faults } = await inspectEstimator(reader, file, detected, { trusted: declared.format === "sklearn" });
  const before = await findPreprocessor(reader, declared.preprocessor, folderOf(file.path));
  faults.push(...before.faults);
  const pickles = [pickle, before.pickle].filter((found) => found !== null);
  const version = pickles.find(({ sklearnVersion }) => sklearnVersion !== null)?.sklearnVersion ?? null;
  return {
    answer: answerOf("sklearn", file.path, { preprocessorFile: before.path, saved: { version, pickles } }),
    faults,
  };
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
    return none(
      declared === null ? unappliedPreprocessor(reader, folder) : [absentFault(reader, "preprocessor", declared)],
    );
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

/** Reads a pickled estimator or transformer, and says why it could not be served. */
async function inspectEstimator(
  reader: PackageReader,
  file: PackageFile,
  detected: DetectedFile,
  { trusted }: { trusted: boolean },
): Promise<{ pickle: PickleInspection | null; faults: Fault[] }> {
  const pickle = await orFault(file.path, () => inspectPickle(sourceOf(reader, file), detected.compression));
  if ("fault" in pickle) return { pickle: null, faults: [pickle.fault] };
  const messages = estimatorFaults(reader, pickle.value, trusted);
  return {
    pickle: pickle.value,
    faults: messages.map((message) => ({ where: file.path, message: `${file.path} ${message}` })),
  };
}

/** `trusted` where the package itself says that it is served by scikit-learn's interface. */
function estimatorFaults(reader: PackageReader, { root, globals }: PickleInspection, trusted: boolean): string[] {
  const faults: string[] = [];
  if (root.kind === "object" && nameOf(root.type) === "numpy.ndarray")
    faults.push("holds a numpy array, not an estimator");
  else if (root.kind !== "object" && root.kind !== "other")
    faults.push(
      `holds a ${rootNames[root.kind]}, not an estimator: save the fitted model itself, or serve it with a class Predictor in src/predictor.py`,
    );
  else if (!trusted && !globals.some(({ module }) => isIn(module, "sklearn")))
    faults.push(
      `is a pickle of ${root.kind === "object" && root.type ? nameOf(root.type) : "something"}, not of scikit-learn: there is no runtime for it yet; serve it with a class Predictor in src/predictor.py, or say format: sklearn where it has the same interface`,
    );
  const ofMain = globals.filter(({ module }) => module === "__main__").map(({ name }) => name);
  if (ofMain.length > 0)
    faults.push(
      `uses ${ofMain.slice(0, 3).join(", ")} of the script or notebook that saved it (__main__), which no other program has: move it into a module under src/, import it from there, and save the model again`,
    );
  const absent = [...new Set(globals.map(({ module }) => module))].filter(
    (module) => isIn(module, "src") && !hasModule(reader, module),
  );
  if (absent.length > 0) faults.push(`imports ${absent.slice(0, 3).join(", ")}, which the package does not hold`);
  return faults;
}

const rootNames = {
  dict: "dict",
  list: "list",
  tuple: "tuple",
  text: "text",
  number: "number",
  global: "class or function",
};

function nameOf(type: PickleGlobal | null): string {
  return type === null ? "an unknown class" : `${type.module}.${type.name}`;
}

function isIn(module: string, parent: string): boolean {
  return module === parent || module.startsWith(`${parent}.`);
}

function hasModule(reader: PackageReader, module: string): boolean {
  const path = module.replaceAll(".", "/");
  return reader.files.some((file) => file.path === `${path}.py` || file.path.startsWith(`${path}/`));
}
