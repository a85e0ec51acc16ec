import { type Answer, answerOf, type Found } from "../answer.ts";
import { type FoundFile, type FoundFolder, servedPath } from "../find-model.ts";
import type { OwnRequirements } from "../own-requirements.ts";
import { hasFile, type PackageReader, within } from "../package-reader.ts";
import { readRequirements } from "../package-requirements.ts";
import type { Format } from "../package-spec.ts";
import { minorOf } from "../python-version.ts";
import { isMapping } from "../reading.ts";
import { bentoFile, openBentoArchive } from "./bento-archive.ts";
import { readMapping } from "./read-mapping.ts";

/*
 * A Bento, as `bentoml build` lays it out (bentoml/_internal/bento/bento.py), or one model of its store:
 *
 *   bento.yaml                         name, bentoml_version, image.python_version or docker.python_version
 *   env/python/requirements.txt        what was asked for
 *   src/                               the service, which is not run
 *   models/<name>/<version>/
 *     model.yaml                       module: bentoml.sklearn, context.framework_versions: {scikit-learn: 1.9.1}
 *     saved_model.pkl                  or of another name, as its framework saves it
 */

/** By the module of `bentoml` that saved it: the format that serves it, and the package whose version counts. */
const modules: Readonly<Record<string, { format: Format; framework: string }>> = {
  "bentoml.sklearn": { format: "sklearn", framework: "scikit-learn" },
  "bentoml.picklable_model": { format: "sklearn", framework: "scikit-learn" },
  "bentoml.xgboost": { format: "xgboost", framework: "xgboost" },
  "bentoml.lightgbm": { format: "lightgbm", framework: "lightgbm" },
  "bentoml.onnx": { format: "onnx", framework: "onnx" },
  "bentoml.torchscript": { format: "torchscript", framework: "torch" },
  "bentoml.keras": { format: "savedmodel", framework: "tensorflow" },
  "bentoml.tensorflow": { format: "savedmodel", framework: "tensorflow" },
  "bentoml.mlflow": { format: "mlflow", framework: "mlflow" },
};

export async function bentoFolderAnswer(reader: PackageReader, folder: FoundFolder): Promise<Found> {
  const { path } = folder;
  const files = reader.files
    .filter((file) => path === "" || file.path.startsWith(`${path}/`))
    .map((file) => file.path.slice(path === "" ? 0 : path.length + 1));
  return answerIn({ reader, folder: path, files, shown: path === "" ? "the package" : path }, servedPath(folder));
}

/** An archive, as `bentoml export` makes it: unpacked where it is served. */
export async function bentoArchiveAnswer(reader: PackageReader, { file }: FoundFile): Promise<Found> {
  const opened = await openBentoArchive(reader, file.path);
  if ("fault" in opened) return { answer: null, faults: [opened.fault] };
  const files = opened.reader.files.map(({ path }) => path);
  return answerIn({ reader: opened.reader, folder: "", files, shown: file.path }, file.path);
}

interface Bento {
  reader: PackageReader;
  folder: string;
  /** Paths from the folder. */
  files: readonly string[];
  shown: string;
}

async function answerIn(bento: Bento, modelFile: string): Promise<Found> {
  const { shown, files } = bento;
  const refused = (message: string): Found => ({
    answer: null,
    faults: [{ where: shown, message: `${shown} ${message}` }],
  });
  const models = files.filter((path) => /^(?:models\/[^/]+\/[^/]+\/)?model\.yaml$/.test(path));
  const [path, ...others] = models;
  if (path === undefined)
    return refused(
      "holds no model: name it in the service (bentoml.models.BentoModel), or under models in bentofile.yaml, and export the Bento again",
    );
  if (others.length > 0)
    return refused(
      `holds ${models.length} models, and a Bento of one is served: use a class Predictor in src/predictor.py for several`,
    );
  const model = await yamlIn(bento, path);
  const module = String(model?.["module"]);
  const known = Object.hasOwn(modules, module) ? modules[module] : undefined;
  if (known === undefined)
    return refused(
      `holds a model of ${module}, which has no runtime: served are those of ${Object.keys(modules).join(", ")}`,
    );
  const context = isMapping(model?.["context"]) ? model["context"] : {};
  const versions = isMapping(context["framework_versions"]) ? context["framework_versions"] : {};
  const version = versions[known.framework];
  const said: Partial<Answer> = {
    needsOf: known.format,
    saved: { version: typeof version === "string" ? version : null, pickles: [] },
    requirements: await requirementsIn(bento),
    python: await pythonIn(bento, context["python_version"]),
  };
  return { answer: answerOf("bentoml", modelFile, said), faults: [] };
}

/** Without `bentoml` itself: the service, which needs it, is not run. */
async function requirementsIn({ reader, folder, shown }: Bento): Promise<OwnRequirements | null> {
  const path = within(folder, "env/python/requirements.txt");
  if (!hasFile(reader, path)) return null;
  const found = await readRequirements(reader, path);
  const faults = found.faults.map((fault) => ({
    ...fault,
    where: folder === "" ? `${shown}: ${fault.where}` : fault.where,
  }));
  return { ...found, faults, lines: found.lines.filter(({ name }) => name !== "bentoml") };
}

async function pythonIn(bento: Bento, ofModel: unknown): Promise<Answer["python"]> {
  const document = (await yamlIn(bento, bentoFile)) ?? {};
  const { image, docker } = document;
  const said = [
    isMapping(image) ? image["python_version"] : null,
    isMapping(docker) ? docker["python_version"] : null,
    ofModel,
  ];
  const minor = said.flatMap((version) => (typeof version === "string" ? (minorOf(version) ?? []) : []))[0];
  return minor === undefined ? null : { minor, where: bento.shown };
}

const limitBytes = 1024 * 1024;

function yamlIn({ reader, folder }: Bento, path: string): Promise<Record<string, unknown> | null> {
  return readMapping(reader, within(folder, path), limitBytes);
}
