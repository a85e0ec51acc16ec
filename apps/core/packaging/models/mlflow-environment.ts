import type { OwnRequirements } from "../own-requirements.ts";
import { noRequirements } from "../own-requirements.ts";
import { hasFile, type PackageReader, readSmall, within } from "../package-reader.ts";
import { readRequirements } from "../package-requirements.ts";
import { minorOf } from "../python-version.ts";
import { readYaml, yamlLimitBytes } from "../read-yaml.ts";
import { isMapping } from "../reading.ts";
import { parseRequirements, type RequirementLine } from "../requirements-file.ts";

/** What MLflow wrote down beside the model: its requirements.txt, else the pip part of conda.yaml, else what
 *  python_env.yaml names. Null where there is none of them. */
export async function mlflowRequirements(reader: PackageReader, folder: string): Promise<OwnRequirements | null> {
  const file = within(folder, "requirements.txt");
  const found = hasFile(reader, file)
    ? await readRequirements(reader, file)
    : ((await ofConda(reader, within(folder, "conda.yaml"))) ??
      (await ofPythonEnv(reader, within(folder, "python_env.yaml"))));
  return found === null ? null : { ...found, lines: found.lines.map(skinny) };
}

/** `mlflow` in there is what saved the model; of it serving needs the part that reads models. */
function skinny(line: RequirementLine): RequirementLine {
  return line.name === "mlflow" && line.extras.length === 0 && line.hashes.length === 0
    ? { ...line, name: "mlflow-skinny" }
    : line;
}

/** `{"dependencies": ["python=3.11.2", "pip<=24", {"pip": ["mlflow==3.17.0", …]}]}` */
async function ofConda(reader: PackageReader, path: string): Promise<OwnRequirements | null> {
  const document = await yamlIn(reader, path);
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
async function ofPythonEnv(reader: PackageReader, path: string): Promise<OwnRequirements | null> {
  const dependencies = (await yamlIn(reader, path))?.["dependencies"];
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
export async function mlflowPython(
  reader: PackageReader,
  folder: string,
  ofModel: unknown,
): Promise<{ minor: string; where: string } | null> {
  const env = within(folder, "python_env.yaml");
  const conda = within(folder, "conda.yaml");
  const dependencies = (await yamlIn(reader, conda))?.["dependencies"];
  const pinned = Array.isArray(dependencies)
    ? dependencies.map((item) => /^python==?(3[\d.]*)$/.exec(String(item))?.[1])
    : [];
  const said: [string, unknown][] = [
    [env, (await yamlIn(reader, env))?.["python"]],
    [conda, pinned.find((version) => version !== undefined)],
    [within(folder, "MLmodel"), ofModel],
  ];
  for (const [where, version] of said) {
    const minor = typeof version === "string" ? minorOf(version) : null;
    if (minor !== null) return { minor, where };
  }
  return null;
}

async function yamlIn(reader: PackageReader, path: string): Promise<Record<string, unknown> | null> {
  const bytes = hasFile(reader, path) ? await readSmall(reader, path, yamlLimitBytes) : null;
  const value = bytes === null ? null : readYaml(bytes).file?.value;
  return isMapping(value) ? value : null;
}
