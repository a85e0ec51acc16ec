import type { Fault } from "#core/errors.ts";
import { decodeUtf8 } from "./decode-utf8.ts";
import { parseRequirement, type Requirement, renderRequirement } from "./requirement.ts";

/** A requirement of a file, and what the file pins its wheels to. */
export interface RequirementLine extends Requirement {
  /** `sha256:…`, as pip's `--hash` writes it. */
  hashes: string[];
}

const longestLine = 4 * 1024;
const mostRequirements = 2_000;

export interface RequirementsFile {
  requirements: RequirementLine[];
  /** Files of constraints that it names with `-c`, as it names them. */
  constraintFiles: { name: string; where: string }[];
  faults: Fault[];
}

/** Reads a requirements file as pip does (pip's docs, "Requirements File Format"), as far as an image can be made by it:
 *  names, versions, extras, markers, `--hash`, and `-c` with a file. Every other option is a fault at its line. */
export function parseRequirementsFile(path: string, bytes: Buffer): RequirementsFile {
  const whole = decodeUtf8(bytes);
  if (whole === null)
    return { requirements: [], constraintFiles: [], faults: [{ where: path, message: "is not UTF-8 text" }] };
  const lines = [...logicalLines(whole)].map(({ line, text }) => ({ where: `${path}:${line}`, text }));
  return parseRequirements(path, lines);
}

/** Reads lines as a requirements file has them, wherever each of them stands. */
export function parseRequirements(path: string, lines: readonly { where: string; text: string }[]): RequirementsFile {
  const file: RequirementsFile = { requirements: [], constraintFiles: [], faults: [] };
  for (const { where, text } of lines) {
    const name = /^(?:-c|--constraint)(?: |=)?([^ ]+)$/.exec(text)?.[1];
    if (name !== undefined && !isAddress(name)) {
      file.constraintFiles.push({ name, where });
      continue;
    }
    const parsed = parseLine(text);
    if ("fault" in parsed) file.faults.push({ where, message: `${quoted(text)} ${parsed.fault}` });
    else file.requirements.push(parsed);
  }
  if (file.requirements.length > mostRequirements)
    file.faults.push({ where: path, message: `${path} asks for more than ${mostRequirements} packages` });
  return file;
}

function isAddress(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(name);
}

/** Joins lines that end in a backslash, and drops comments and what is empty, in pip's order (pip/_internal/req/req_file.py,
 *  `join_lines`, `ignore_comments`). */
function* logicalLines(text: string): Generator<{ line: number; text: string }> {
  let joined: string[] = [];
  let start = 1;
  const physical = text.split(/\r\n|\r|\n/);
  for (const [index, raw] of physical.entries()) {
    const isComment = /^\s*#/.test(raw);
    if (joined.length === 0) start = index + 1;
    if (raw.endsWith("\\") && !isComment && index + 1 < physical.length) {
      joined.push(raw.slice(0, -1));
      continue;
    }
    // A comment ends a continued line, and is apart from it.
    joined.push(isComment ? ` ${raw.trimStart()}` : raw);
    const whole = withoutComment(joined.join("").replace(/\s+/g, " ")).trim();
    joined = [];
    if (whole !== "") yield { line: start, text: whole };
  }
}

/** A comment begins at the start or after a space (pip's COMMENT_RE). */
function withoutComment(text: string): string {
  if (text.startsWith("#")) return "";
  const at = text.indexOf(" #");
  return at === -1 ? text : text.slice(0, at);
}

function parseLine(text: string): RequirementLine | { fault: string } {
  if (text.length > longestLine) return { fault: "is longer than any requirement" };
  const option = optionFault(text);
  if (option !== null) return { fault: option };
  const [specifier = "", ...options] = text.split(/ (?=--?[A-Za-z])/);
  const hashes: string[] = [];
  for (const given of options) {
    const [option, value = ""] = given.split(/[= ]/);
    if (option !== "--hash") return { fault: `has the option ${option}, which is not allowed here: only --hash is` };
    if (!/^sha256:[0-9a-fA-F]{64}$/.test(value))
      return { fault: `has the hash "${value.split(":")[0]}:…": write sha256: and 64 hex digits` };
    hashes.push(value.toLowerCase());
  }
  const parsed = parseRequirement(specifier.trim());
  if ("name" in parsed && parsed.name === "sklearn")
    return { fault: "is not what the library is called on the package index: write scikit-learn" };
  return "fault" in parsed ? parsed : { ...parsed, hashes: hashes.sort() };
}

/** Why a line that is no requirement is not taken, by how it begins. */
const refusals: readonly [RegExp, string][] = [
  [/^(?:-r|--requirement)\b/, "includes another file, which is not allowed here: write its lines into this one"],
  [/^(?:-c|--constraint)\b/, "names constraints that are no file of the package: put them into one"],
  [
    /^(?:-e|--editable)\b/,
    "asks for an editable install, which an image cannot have: put the code into src/, or name a published package",
  ],
  [
    /^(?:-i|--index-url|--extra-index-url|--no-index|-f|--find-links|--trusted-host|--pypi-url)\b/,
    "chooses where packages come from, which is a setting of this Slipway and not the package's: leave the line out",
  ],
  [/^-/, "is an option that is not allowed here: leave the line out"],
  [
    /^(?:git|hg|svn|bzr)\+/,
    "names a repository: images are made from wheels of the package index alone, so write a name and a version",
  ],
  [
    /^(?:https?|ftp|file):|^[\w.-]+ ?(?:\[[^\]]*\])? ?@/,
    "names an address: images are made from wheels of the package index alone, so write a name and a version",
  ],
  [
    /^(?:\.{1,2}(?:[/\\]|$)|[/\\~]|[A-Za-z]:[/\\])|\.(?:whl|tar\.gz|zip)$/,
    "names a file: images are made from wheels of the package index alone, so write a name and a version",
  ],
  [/\$\{\w+\}/, "uses a variable, which has no value here: write it out"],
];

function optionFault(text: string): string | null {
  return refusals.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

function quoted(text: string): string {
  return `"${text.length > 100 ? `${text.slice(0, 100)}…` : text}"`;
}

/** The lines for the resolver: each once, in order of their text. What contradicts itself is left for the resolver. */
export function renderRequirements(requirements: readonly RequirementLine[]): string[] {
  const lines = requirements.map((requirement) =>
    [renderRequirement(requirement), ...requirement.hashes.map((hash) => `--hash=${hash}`)].join(" "),
  );
  return [...new Set(lines)].sort();
}
