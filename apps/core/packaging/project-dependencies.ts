import { validRange } from "@renovatebot/pep440";
import { parse } from "smol-toml";
import type { Fault } from "#core/errors.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import { noRequirements, type OwnRequirements } from "./own-requirements.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";
import { isMapping } from "./reading.ts";
import { parseRequirements } from "./requirements-file.ts";

const projectFile = "pyproject.toml";
const limitBytes = 1024 * 1024;

/** `[project] dependencies` of `pyproject.toml` (PEP 621), where the package has one and they stand in it. What is
 *  dynamic only the project's build backend knows, and none is run. */
export async function readProjectDependencies(reader: PackageReader): Promise<OwnRequirements> {
  if (!hasFile(reader, projectFile)) return noRequirements;
  const refused = (message: string, where = projectFile): OwnRequirements => ({
    ...noRequirements,
    faults: [{ where, message } satisfies Fault],
  });
  const bytes = await readSmall(reader, projectFile, limitBytes);
  if (bytes === null)
    return refused(`${projectFile} is larger than 1 MiB: write the requirements into requirements.txt`);
  const document = parsed(decodeUtf8(bytes) ?? "");
  if (document === null)
    return refused("is no TOML that can be read: mend it, or write the requirements into requirements.txt");
  const { project, tool } = document;
  if (!isMapping(project)) {
    const isPoetrys = isMapping(tool) && isMapping(tool["poetry"]) && "dependencies" in tool["poetry"];
    const note = `${projectFile} keeps its dependencies in [tool.poetry], which Poetry alone reads: none of them is installed`;
    return isPoetrys ? { ...noRequirements, notes: [note] } : noRequirements;
  }
  const { dependencies = [], dynamic } = project;
  if (Array.isArray(dynamic) && dynamic.includes("dependencies"))
    return refused(
      "leaves its dependencies to its build backend (dynamic), and none is run: write them into requirements.txt",
      `${projectFile}: project.dynamic`,
    );
  const where = `${projectFile}: project.dependencies`;
  if (!Array.isArray(dependencies) || !dependencies.every((line) => typeof line === "string"))
    return refused("is no list of texts", where);
  const lines = dependencies.map((text: string, index) => ({ where: `${where}[${index}]`, text: text.trim() }));
  const { requirements, constraintFiles, faults } = parseRequirements(projectFile, lines);
  const misplaced = constraintFiles.map((file) => ({ where: file.where, message: "is no requirement" }));
  const versions = project["requires-python"];
  return {
    lines: requirements,
    constraints: [],
    ...(typeof versions === "string" && validRange(versions)
      ? { python: { versions, where: `${projectFile}: project.requires-python` } }
      : {}),
    faults: [...faults, ...misplaced],
    notes: [],
  };
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
