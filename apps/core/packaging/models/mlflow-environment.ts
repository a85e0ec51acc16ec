import type { Answer } from "../answer.ts";
import { noRequirements, type OwnRequirements } from "../own-requirements.ts";
import { hasFile, type PackageReader, within } from "../package-reader.ts";
import { readRequirements } from "../package-requirements.ts";
import { minorOf } from "../python-version.ts";
import { yamlLimitBytes } from "../read-yaml.ts";
import { isMapping } from "../reading.ts";
import { parseRequirements, type RequirementLine } from "../requirements-file.ts";
import { readMapping } from "./read-mapping.ts";

/** A file of MLflow's. */
interface Beside {
  path: string;
  /** Null where it is not there. */
  document: Record<string, unknown> | null;
}

/** What MLflow wrote down beside the model: what it needs, and the Python that saved it. */
export async function mlflowEnvironment(
  reader: PackageReader,
  folder: string,
  pythonOfModel: unknown,
): Promise<Pick<Answer, "requirements" | "python">> {
  const beside = async (name: string): Promise<Beside> => {
    const path = within(folder, name);
    return { path, document: await readMapping(reader, path, yamlLimitBytes) };
  };
  const [conda, env] = [await beside("conda.yaml"), await beside("python_env.yaml")];
  return {
    requirements: await requirementsOf(reader, within(folder, "requirements.txt"), conda, env),
    python: pythonOf(conda, env, { where: within(folder, "MLmodel"), version: pythonOfModel }),
  };
}

/** Its requirements.txt, else the pip part of conda.yaml, else what python_env.yaml names. Null where there is none of
 *  them. */
async function requirementsOf(
  reader: PackageReader,
  file: string,
  conda: Beside,
  env: Beside,
): Promise<OwnRequirements | null> {
  const found = hasFile(reader, file) ? await readRequirements(reader, file) : (ofConda(conda) ?? ofPythonEnv(env));
  return found === null ? null : { ...found, lines: found.lines.map(skinny) };
}

/** `mlflow` in there is what saved the model; of it serving needs the part that reads models. */
function skinny(line: RequirementLine): RequirementLine {
  return line.name === "mlflow" && line.extras.length === 0 && line.hashes.length === 0
    ? { ...line, name: "mlflow-skinny" }
    : line;
}

/** `{"dependencies": ["python=3.11.2", "pip<=24", {"pip": ["mlflow==3.17.0", …]}]}` */
function ofConda({ path, document }: Beside): OwnRequirements | null {
  const dependencies = document?.["dependencies"];
  if (!Array.isArray(dependencies)) return null;
  const ofPip = dependencies.flatMap((item) => (isMapping(item) && Array.isArray(item["pip"]) ? item["pip"] : []));
  const ofConda = dependencies.filter((item) => typeof item === "string" && !/^(?:python|pip)\b/.test(item));
  const notes =
    ofConda.length === 0
      ? []
      : [`${path} asks conda for ${ofConda.slice(0, 5).join(", ")}: images have Python packages of the index alone`];
  return { ...fromLines(`${path}: dependencies.pip`, ofPip), notes };
}

/** `{"python": "3.11.2", "build_dependencies": […], "dependencies": ["-r requirements.txt"]}` */
function ofPythonEnv({ path, document }: Beside): OwnRequirements | null {
  const dependencies = document?.["dependencies"];
  if (!Array.isArray(dependencies)) return null;
  return fromLines(
    `${path}: dependencies`,
    dependencies.filter((line) => line !== "-r requirements.txt"),
  );
}

function fromLines(where: string, items: readonly unknown[]): OwnRequirements {
  const lines = items.map((item, index) => ({ where: `${where}[${index}]`, text: String(item).trim() }));
  const { requirements, constraintFiles, faults } = parseRequirements(where, lines);
  const misplaced = constraintFiles.map((file) => ({
    where: file.where,
    message: "names a file of constraints, which is not read",
  }));
  return { ...noRequirements, lines: requirements, faults: [...faults, ...misplaced] };
}

/** The Python that saved the model, as python_env.yaml, conda.yaml or MLmodel says it: what is pickled in it may need no
 *  other. */
function pythonOf(conda: Beside, env: Beside, model: { where: string; version: unknown }): Answer["python"] {
  const dependencies = conda.document?.["dependencies"];
  const pinned = Array.isArray(dependencies)
    ? dependencies.map((item) => /^python==?(3[\d.]*)$/.exec(String(item))?.[1])
    : [];
  const said: [string, unknown][] = [
    [env.path, env.document?.["python"]],
    [conda.path, pinned.find((version) => version !== undefined)],
    [model.where, model.version],
  ];
  for (const [where, version] of said) {
    const minor = typeof version === "string" ? minorOf(version) : null;
    if (minor !== null) return { minor, where };
  }
  return null;
}
