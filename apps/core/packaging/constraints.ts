import { posix } from "node:path";
import type { Fault } from "#core/errors.ts";
import { didYouMean, nearPaths } from "./near-miss.ts";
import { folderOf, hasFile, type PackageReader, readSmall } from "./package-reader.ts";
import { parseRequirementsFile, type RequirementLine, type RequirementsFile } from "./requirements-file.ts";

const limitBytes = 1024 * 1024;

/** The files that a requirements file names with `-c`, found from its own folder as pip does, and within the package. */
export async function readConstraints(
  reader: PackageReader,
  requirementsPath: string,
  named: RequirementsFile["constraintFiles"],
): Promise<{ lines: RequirementLine[]; faults: Fault[] }> {
  const lines: RequirementLine[] = [];
  const faults: Fault[] = [];
  for (const { name, where } of named) {
    const path = posix.normalize(posix.join(folderOf(requirementsPath), name));
    if (name.startsWith("/") || path.startsWith("../") || path === "..") {
      faults.push({ where, message: `"-c ${name}" names a file outside of the package: put it beside this one` });
      continue;
    }
    if (!hasFile(reader, path)) {
      const paths = reader.files.map((file) => file.path).filter((candidate) => candidate.endsWith(".txt"));
      faults.push({ where, message: `the package has no ${path}${didYouMean(nearPaths(path, paths))}` });
      continue;
    }
    const bytes = await readSmall(reader, path, limitBytes);
    if (bytes === null) {
      faults.push({ where: path, message: `${path} is larger than 1 MiB: is it a file of constraints?` });
      continue;
    }
    const file = parseRequirementsFile(path, bytes);
    lines.push(...file.requirements);
    faults.push(...file.faults, ...file.constraintFiles.map(nested), ...file.requirements.flatMap(withExtras(path)));
  }
  return { lines, faults };
}

function nested({ where }: RequirementsFile["constraintFiles"][number]): Fault {
  return { where, message: "names another file of constraints: write its lines into this one" };
}

/** As pip and uv have it. */
function withExtras(path: string): (line: RequirementLine) => Fault[] {
  return ({ name, extras }) =>
    extras.length === 0
      ? []
      : [{ where: path, message: `${path} constrains ${name}[${extras.join(",")}]: a constraint has no extras` }];
}
