/*
 * An MLflow model, as `mlflow.<flavor>.save_model` lays it out (mlflow/models/model.py):
 *
 *   MLmodel              YAML: flavors.python_function, mlflow_version, signature, saved_input_example_info
 *   requirements.txt     what mlflow found it to need; conda.yaml and python_env.yaml say the same, and which Python
 *   input_example.json   with serving_input_example.json, the same as a request
 */
import type { Fault } from "#core/errors.ts";
import { answerOf, type Found } from "../answer.ts";
import { type FoundFolder, servedPath } from "../find-model.ts";
import { keepingFault } from "../keeping-fault.ts";
import { hasFile, type PackageReader, readSmall, within } from "../package-reader.ts";
import { readYaml } from "../read-yaml.ts";
import { isMapping } from "../reading.ts";
import { mlflowEnvironment } from "./mlflow-environment.ts";
import { mlflowExample } from "./mlflow-example.ts";
import { mlflowSignature } from "./mlflow-signature.ts";

const limitBytes = 4 * 1024 * 1024;

/** What MLmodel says; answered through its python_function flavor. */
export async function mlflowAnswer(reader: PackageReader, folder: FoundFolder): Promise<Found> {
  const path = within(folder.path, "MLmodel");
  const refused = (message: string): Found => ({
    answer: null,
    faults: [{ where: path, message: `${path} ${message}` }],
  });
  const bytes = await readSmall(reader, path, limitBytes);
  if (bytes === null) return refused(`is larger than ${limitBytes / 1024 ** 2} MiB, too large to inspect`);
  const { file, faults } = readYaml(bytes);
  if (file === null || faults.length > 0)
    return { answer: null, faults: faults.map((fault) => unreadable(path, fault)) };
  const model = isMapping(file.value) ? file.value : {};
  const flavors = isMapping(model["flavors"]) ? model["flavors"] : {};
  const flavor = flavors["python_function"];
  if (!isMapping(flavor)) {
    const others = Object.keys(flavors).slice(0, 10).join(", ");
    return refused(
      `has no python_function flavor${others === "" ? "" : ` (it has ${others})`}, which is what is served`,
    );
  }
  const absent = absentFiles(reader, folder.path, flavor);
  if (absent.length > 0) return refused(`names ${absent.join(", ")}, which the package does not hold`);
  const { signature, note } = mlflowSignature(model["signature"]);
  const unkept = keepingFault(signature);
  if (unkept !== null) return refused(`has a signature that cannot be kept: ${unkept}`);
  const example = await mlflowExample(reader, folder.path, model["saved_input_example_info"]);
  const environment = await mlflowEnvironment(reader, folder.path, flavor["python_version"]);
  const version = model["mlflow_version"];
  return {
    answer: answerOf("mlflow", servedPath(folder), {
      signature,
      example: example.example,
      saved: { version: typeof version === "string" ? version : null, pickles: [] },
      ...environment,
      notes: [...note, ...example.notes],
    }),
    faults: [],
  };
}

function unreadable(path: string, { line, message }: { line: number | null; message: string }): Fault {
  return { where: path, message: `${path} cannot be read: ${message}${line === null ? "" : ` (line ${line})`}` };
}

/** The model's data, where python_function names it and nothing of that name was uploaded. */
function absentFiles(reader: PackageReader, folder: string, flavor: Record<string, unknown>): string[] {
  const named = [flavor["model_path"], flavor["data"], flavor["python_model"]].filter(
    (name) => typeof name === "string",
  );
  return named.filter((name) => {
    const path = within(folder, name);
    return !hasFile(reader, path) && !reader.files.some((file) => file.path.startsWith(`${path}/`));
  });
}
