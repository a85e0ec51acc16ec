/**
 * Reads Python source as text, never by running it: what a module defines at its top level, whatever its strings and
 * comments say.
 */

/** The source with the content of strings and comments blanked and its lines kept. */
function withoutTexts(source: string): string {
  let out = "";
  let at = 0;
  while (at < source.length) {
    const char = source[at] ?? "";
    if (char === "#") {
      const end = source.indexOf("\n", at);
      at = end === -1 ? source.length : end;
      continue;
    }
    if (char === '"' || char === "'") {
      const quote = source.startsWith(char.repeat(3), at) ? char.repeat(3) : char;
      const end = endOfText(source, at + quote.length, quote);
      out += `""${source.slice(at, end).replace(/[^\n]/g, "")}`;
      at = end;
      continue;
    }
    out += char;
    at += 1;
  }
  return out;
}

/** Just after the closing quote; a text in single quotes ends with its line. */
function endOfText(source: string, from: number, quote: string): number {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (quote.length === 1 && source[at] === "\n") return at;
    else if (source.startsWith(quote, at)) return at + quote.length;
  }
  return source.length;
}

/** The classes that a module defines at its top level. */
export function topLevelClasses(source: string): string[] {
  return [...withoutTexts(source).matchAll(/^class[ \t]+([\p{L}_][\p{L}\p{N}_]*)/gmu)].flatMap(
    (match) => match[1] ?? [],
  );
}

/** True where a module has `name` at its top level: as a class, by assignment, or imported. */
export function hasTopLevelName(source: string, name: string): boolean {
  return (
    topLevelClasses(source).includes(name) || topLevelStatements(source).some((statement) => binds(statement, name))
  );
}

function binds(statement: string, name: string): boolean {
  const assigned = /^([\p{L}_][\p{L}\p{N}_]*)\s*(?::[^=]*)?=(?!=)/u.exec(statement)?.[1];
  if (assigned !== undefined) return assigned === name;
  const imported = /^(?:from\s+\S+\s+)?import\b(.*)$/su.exec(statement)?.[1];
  if (imported === undefined) return false;
  const names = imported
    .replace(/[()]/g, " ")
    .split(",")
    .map((part) =>
      part
        .trim()
        .split(/\s+as\s+/)
        .at(-1),
    );
  return names.includes(name) || names.includes("*");
}

/** Statements that begin in the first column, each in one line. */
function topLevelStatements(source: string): string[] {
  const statements: string[] = [];
  let lines: string[] = [];
  let openBrackets = 0;
  let isContinued = false;
  for (const line of [...withoutTexts(source).split(/\r?\n/), "pass"]) {
    if (openBrackets === 0 && !isContinued) {
      if (/^[\p{L}_]/u.test(lines[0] ?? "")) statements.push(lines.join(" "));
      lines = [];
    }
    isContinued = line.endsWith("\\");
    lines.push(isContinued ? line.slice(0, -1) : line);
    openBrackets = Math.max(0, openBrackets + count(line, /[([{]/g) - count(line, /[)\]}]/g));
  }
  return statements;
}

function count(line: string, pattern: RegExp): number {
  return line.match(pattern)?.length ?? 0;
}
