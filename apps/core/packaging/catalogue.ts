/**
 * What is served, by format, as data: which file or folder it answers from, and what has to be installed for it.
 *
 * Versions come from the package's requirements first, then from what the file says, then from here
 * (docs: `slipway.yaml`, precedence 5).
 */
import type { FileFormat } from "#core/inspect/file-format.ts";
import type { Format } from "./package-spec.ts";

/** Something that has to be installed. */
export interface Need {
  /** Packages that bring it, by normalised name: one of them in the requirements is enough. */
  anyOf: readonly string[];
  /** What is asked for where none is named (PEP 508). */
  default: string;
  /** How the version that the model's file names is asked for. `exact` where its makers promise nothing of another one's
   *  files, `at least` where they promise to read those of all before. Left out where no file says one. */
  saved?: "exact" | "at least";
  /** What a Debian release brings in place of wheels that are too large; taken where none is named and the operator has
   *  set no index of wheels for it. */
  fromDebian?: DebianPackages;
}

export interface DebianPackages {
  packages: readonly string[];
  /** What they bring besides, by the names of the package index. */
  brings: readonly string[];
  /** What keeps wheels from lying over what they were built with. */
  constraints: readonly string[];
}

export interface CatalogueEntry {
  /** What its model is: a file, by its bytes; or a folder, by a file in it. None where code of the package answers. */
  files: readonly FileFormat[];
  folderMarkers: readonly string[];
  needs: readonly Need[];
}

export const catalogue: Record<Format, CatalogueEntry> = {
  sklearn: {
    files: ["pickle"],
    folderMarkers: [],
    // scikit-learn, "Model persistence": no other version is supported.
    needs: [{ anyOf: ["scikit-learn", "scikit-learn-intelex"], default: "scikit-learn>=1.5", saved: "exact" }],
  },
  xgboost: {
    files: ["xgboost"],
    folderMarkers: [],
    // dmlc/xgboost, doc/tutorials/saving_model.rst: a model is read by every later version. `xgboost` is the same with
    // 469 MB of CUDA libraries beside it.
    needs: [{ anyOf: ["xgboost", "xgboost-cpu"], default: "xgboost-cpu>=2.1", saved: "at least" }],
  },
  lightgbm: {
    files: ["lightgbm"],
    folderMarkers: [],
    needs: [{ anyOf: ["lightgbm"], default: "lightgbm>=4" }],
  },
  onnx: {
    files: ["onnx"],
    folderMarkers: [],
    needs: [
      { anyOf: ["onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino"], default: "onnxruntime>=1.20" },
      { anyOf: ["numpy"], default: "numpy" },
    ],
  },
  torchscript: {
    files: ["torchscript"],
    folderMarkers: [],
    needs: [
      {
        anyOf: ["torch"],
        default: "torch>=2",
        fromDebian: {
          packages: ["python3-torch"],
          brings: ["numpy"],
          // bookworm's torch 1.13 is built with numpy 1, and cannot hand arrays to numpy 2. trixie's is built with numpy 2,
          // and for its Python there is no numpy 1.
          constraints: ['numpy<2 ; python_version < "3.12"'],
        },
      },
      { anyOf: ["numpy"], default: "numpy" },
    ],
  },
  savedmodel: {
    files: [],
    folderMarkers: ["saved_model.pb", "saved_model.pbtxt"],
    needs: [
      // TensorFlow, "Version compatibility": a SavedModel is read by every later version of the same major one.
      { anyOf: ["tensorflow", "tensorflow-cpu"], default: "tensorflow-cpu>=2.16", saved: "at least" },
      { anyOf: ["numpy"], default: "numpy" },
    ],
  },
  keras: {
    files: ["keras", "hdf5"],
    folderMarkers: [],
    needs: [
      { anyOf: ["keras", "tensorflow", "tensorflow-cpu"], default: "keras>=3", saved: "exact" },
      // What Keras computes with: the smallest that takes every model.
      { anyOf: ["tensorflow", "tensorflow-cpu", "jax", "torch"], default: "jax" },
      { anyOf: ["numpy"], default: "numpy" },
    ],
  },
  mlflow: {
    files: [],
    folderMarkers: ["MLmodel"],
    needs: [
      // `mlflow` is the same with a tracking server beside it: 2,000 files of it, and ten times the size.
      { anyOf: ["mlflow", "mlflow-skinny"], default: "mlflow-skinny>=2.10", saved: "exact" },
      { anyOf: ["numpy"], default: "numpy" },
      { anyOf: ["pandas"], default: "pandas" },
    ],
  },
  bentoml: {
    files: ["tar"],
    folderMarkers: ["bento.yaml"],
    // Those of the one model that it holds, whose own format answers: models/bento.ts.
    needs: [],
  },
  python: { files: [], folderMarkers: [], needs: [] },
};

export const formats = Object.keys(catalogue) as Format[];

export function isFormat(name: string): name is Format {
  return Object.hasOwn(catalogue, name);
}

/** The format that serves a model file of these bytes; null where no runtime does. */
export function servedFormat(file: FileFormat): Format | null {
  return formats.find((format) => catalogue[format].files.includes(file)) ?? null;
}

/** The format of a folder that holds a file of this name; null where that says nothing. */
export function folderFormat(fileName: string): Format | null {
  return formats.find((format) => catalogue[format].folderMarkers.includes(fileName)) ?? null;
}

/** What is known by its bytes, has no runtime, and what to do instead. */
export const unserved: Partial<Record<FileFormat, string>> = {
  torch:
    'holds weights, or Python objects that only unpickling makes: export the model with torch.jit.trace(model, example).save("model.pt") or torch.onnx.export, or serve it with a class Predictor in src/predictor.py',
  safetensors:
    "holds weights and nothing that computes with them: serve it with a class Predictor in src/predictor.py, which makes the model and loads them",
  skops:
    "there is no runtime for it: save the model with joblib.dump, or serve it with a class Predictor in src/predictor.py",
  tflite:
    "there is no runtime for it: export a SavedModel or ONNX, or serve it with a class Predictor in src/predictor.py",
  gguf: "there is no runtime for it: serve it with a class Predictor in src/predictor.py",
};
