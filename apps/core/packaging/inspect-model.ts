import type { Fault } from "#core/errors.ts";
import { type DetectedFile, fileFormats } from "#core/inspect/file-format.ts";
import { inspectPickle } from "#core/inspect/inspect-pickle.ts";
import { type OnnxInspection, readOnnx } from "#core/inspect/onnx/read-onnx.ts";
import type { PickleGlobal, PickleInspection } from "#core/inspect/pickle/pickle-findings.ts";
import { Unreadable } from "#core/inspect/unreadable.ts";
import { folderOf, hasFile, type PackageFile, type PackageReader, sourceOf, within } from "./package-reader.ts";

/** Reads a pickled estimator or transformer, and says why it could not be served. */
export async function inspectEstimator(
  reader: PackageReader,
  file: PackageFile,
  detected: DetectedFile,
  { trusted }: { trusted: boolean },
): Promise<{ pickle: PickleInspection | null; faults: Fault[] }> {
  const pickle = await orFault(file, () => inspectPickle(sourceOf(reader, file), detected.compression));
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

/** Reads an ONNX model; the files that hold its weights have to be there. */
export async function inspectOnnx(
  reader: PackageReader,
  file: PackageFile,
): Promise<{ onnx: OnnxInspection | null; faults: Fault[] }> {
  const onnx = await orFault(file, () => readOnnx(sourceOf(reader, file)));
  if ("fault" in onnx) return { onnx: null, faults: [onnx.fault] };
  const absent = onnx.value.externalFiles.filter(
    (name) => !hasFile(reader, within(folderOf(file.path), name.replace(/^\.\//, ""))),
  );
  return {
    onnx: onnx.value,
    faults: absent.slice(0, 10).map((name) => ({
      where: file.path,
      message: `${file.path} keeps weights in "${name.slice(0, 200)}" beside it, which the package does not hold`,
    })),
  };
}

/** What to say of a model that is known and not served. */
export function unservedFault(path: string, detected: DetectedFile): Fault {
  return {
    where: path,
    message: `${path} is ${fileFormats[detected.format]}: there is no runtime for it yet; a class Predictor in src/predictor.py can serve it`,
  };
}

async function orFault<T>(file: PackageFile, read: () => Promise<T>): Promise<{ value: T } | { fault: Fault }> {
  try {
    return { value: await read() };
  } catch (error) {
    if (error instanceof Unreadable) return { fault: { where: file.path, message: `${file.path} ${error.message}` } };
    throw error;
  }
}
