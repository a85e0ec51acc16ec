import type { Fault } from "#core/errors.ts";
import { detectFormat, isLfsPointer } from "#core/inspect/detect-format.ts";
import type { DetectedFile } from "#core/inspect/file-format.ts";
import { folderFormat, servedFormat } from "./catalogue.ts";
import { didYouMean, nearPaths } from "./near-miss.ts";
import { folderOf, type PackageFile, type PackageReader, sourceOf, within } from "./package-reader.ts";
import type { Format } from "./package-spec.ts";

export interface FoundFile {
  kind: "file";
  file: PackageFile;
  detected: DetectedFile;
}

/** A model as a whole; its path is empty where that is the package. */
export interface FoundFolder {
  kind: "folder";
  path: string;
  format: Format;
}

/** What answers: a file, by what its bytes are, or a folder. */
export type FoundModel = FoundFile | FoundFolder;

/** `none` where nothing of the package is a model or promises to be one, and `candidates` where several are. */
type Search = { model: FoundModel | null; faults: Fault[]; none?: true; candidates?: string[] };

/** Names that promise a model, whatever the bytes are. */
const modelName = /\.(?:pkl|pickle|joblib|onnx|pt|pth|h5|hdf5|keras|skops|ubj|bst|safetensors|bento|bentomodel)$/i;

/** Archives are models only where they say so by name: others lie beside one. */
const archiveName = /\.bento(?:model)?$/i;

/** The model that a package names: a file, or a folder. */
export async function namedModel(reader: PackageReader, path: string): Promise<Search> {
  const where = "slipway.yaml: model";
  const file = reader.files.find((candidate) => candidate.path === path);
  if (file !== undefined) {
    const detected = await detectFormat(sourceOf(reader, file));
    if (detected !== null) return { model: { kind: "file", file, detected }, faults: [] };
    return { model: null, faults: [await unknownBytes(reader, file)] };
  }
  const folder = folderModels(reader.files).find((candidate) => candidate.path === path);
  if (folder !== undefined) return { model: folder, faults: [] };
  const inside = reader.files
    .map((candidate) => candidate.path)
    .filter((candidate) => candidate.startsWith(`${path}/`));
  const message =
    inside.length > 0
      ? `${path} is a folder, and no model as a whole: name the file in it${didYouMean(inside.filter((name) => modelName.test(name)).slice(0, 3))}`
      : `the package has no ${path}${didYouMean(
          nearPaths(
            path,
            reader.files.map((candidate) => candidate.path),
          ),
        )}`;
  return { model: null, faults: [{ where, message }] };
}

/** The one model of a package that names none: in `model/`, else at the top; in each, what is called `model.*` first.
 *  Of several, `format` says which it is where only one has it. */
export async function findModel(reader: PackageReader, format: Format | null): Promise<Search> {
  const folders = folderModels(reader.files);
  const top = folders.find(({ path }) => path === "");
  if (top !== undefined) return { model: top, faults: [] };
  for (const place of ["model", ""]) {
    const search = await findIn(reader, place, folders, format);
    if (search.model !== null || search.faults.length > 0) return search;
  }
  return { model: null, faults: [await nothingFound(reader)], none: true };
}

async function findIn(
  reader: PackageReader,
  place: string,
  folders: readonly FoundFolder[],
  format: Format | null,
): Promise<Search> {
  const whole = folders.find(({ path }) => path === place);
  if (whole !== undefined) return { model: whole, faults: [] };
  const files = reader.files.filter(
    ({ path }) => folderOf(path) === place && !/^preprocessor\./.test(path.slice(place === "" ? 0 : place.length + 1)),
  );
  const isNamed = ({ path }: PackageFile) => path.startsWith(within(place, "model."));
  const named = await detectAll(reader, files.filter(isNamed));
  if (named.faults.length > 0) return { model: null, faults: named.faults };
  const possible: FoundModel[] =
    named.models.length > 0
      ? named.models
      : [
          ...(
            await detectAll(
              reader,
              files.filter((file) => !isNamed(file)),
            )
          ).models,
          ...folders.filter(({ path }) => folderOf(path) === place && path !== "model"),
        ];
  const fitting = possible.filter((model) => formatOf(model) === format);
  const candidates = fitting.length > 0 ? fitting : possible;
  const [model = null] = candidates;
  if (candidates.length <= 1) return { model, faults: [] };
  const paths = candidates.map(pathOf).sort();
  const list = paths.length > mostListed ? `${paths.slice(0, mostListed).join(", ")}, …` : paths.join(", ");
  const message = `${paths.length} files can be the model: ${list}. Name one in slipway.yaml, such as model: ${paths[0]}`;
  return { model: null, faults: [{ where: place === "" ? "package" : `${place}/`, message }], candidates: paths };
}

/** The format that serves it; null where none does. */
export function formatOf(model: FoundModel): Format | null {
  return model.kind === "folder" ? model.format : servedFormat(model.detected.format);
}

/** As it is served: a model that is the package lies at its top. */
export function servedPath({ path }: FoundFolder): string {
  return path === "" ? "." : path;
}

function folderModels(files: readonly PackageFile[]): FoundFolder[] {
  return files.flatMap(({ path }) => {
    const format = folderFormat(path.slice(path.lastIndexOf("/") + 1));
    return format === null ? [] : [{ kind: "folder" as const, path: folderOf(path), format }];
  });
}

function pathOf(model: FoundModel): string {
  return model.kind === "file" ? model.file.path : model.path;
}

const readsAtOnce = 8;
const mostListed = 10;

/** What the files are; a fault for each that is called a model and is none. */
async function detectAll(
  reader: PackageReader,
  files: readonly PackageFile[],
): Promise<{ models: FoundModel[]; faults: Fault[] }> {
  const models: FoundModel[] = [];
  const faults: Fault[] = [];
  for (let at = 0; at < files.length; at += readsAtOnce) {
    const group = files.slice(at, at + readsAtOnce);
    const found = await Promise.all(group.map((file) => detectFormat(sourceOf(reader, file))));
    for (const [index, file] of group.entries()) {
      const detected = found[index] ?? null;
      if (detected?.format === "tar" && !archiveName.test(file.path)) continue;
      if (detected !== null) models.push({ kind: "file", file, detected });
      else if (modelName.test(file.path)) faults.push(await unknownBytes(reader, file));
    }
  }
  return { models, faults };
}

/** What to say of a file that should be a model and whose bytes are none. */
export async function unknownBytes(reader: PackageReader, file: PackageFile): Promise<Fault> {
  const source = sourceOf(reader, file);
  if (file.sizeBytes === 0) return { where: file.path, message: `${file.path} is empty` };
  if (await isLfsPointer(source))
    return {
      where: file.path,
      message: `${file.path} is a Git LFS pointer, not the model itself: run git lfs pull, and upload again`,
    };
  const start = (await source.read({ start: 0, end: Math.min(16, file.sizeBytes) - 1 }))
    .toString("latin1")
    .replace(/[^\x20-\x7e]/g, "·");
  const hint = start.startsWith("PK") ? ", as a ZIP archive's do: is the upload complete?" : "";
  return {
    where: file.path,
    message: `${file.path} is no model that is known here: its bytes begin with "${start}"${hint}`,
  };
}

async function nothingFound(reader: PackageReader): Promise<Fault> {
  const elsewhere = reader.files
    .map(({ path }) => path)
    .filter((path) => modelName.test(path) && !/(?:^|\/)preprocessor\./.test(path));
  const hint =
    elsewhere.length > 0
      ? ` If it is ${elsewhere.slice(0, 3).join(" or ")}, say so: model: ${elsewhere[0]} in slipway.yaml.`
      : "";
  return {
    where: "package",
    message: `no model was found: looked for class Predictor in src/predictor.py, then for a model file or folder of a known format in model/ and at the top.${hint}`,
  };
}
