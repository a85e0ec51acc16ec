/**
 * Environment markers, PEP 508:
 *
 *     or = and ("or" and)*      and = term ("and" term)*      term = value operator value | "(" or ")"
 *     value = variable | 'text' | "text"
 */

const variables: ReadonlySet<string> = new Set([
  "python_version",
  "python_full_version",
  "os_name",
  "sys_platform",
  "platform_release",
  "platform_system",
  "platform_version",
  "platform_machine",
  "platform_python_implementation",
  "implementation_name",
  "implementation_version",
  "extra",
  // What they were called before PEP 508.
  "os.name",
  "sys.platform",
  "platform.version",
  "platform.machine",
  "platform.python_implementation",
  "python_implementation",
]);
const tokenPattern = /\s*(?:([a-z_.]+)|('[^']*'|"[^"]*")|(<=|>=|===|==|~=|!=|<|>)|([()]))/y;
const deepestParenthesis = 32;

/** What is wrong with a marker, or null. Whether it holds is for the resolver to say. */
export function markerFault(marker: string): string | null {
  const tokens = tokensOf(marker);
  if (tokens === null) return `"${marker}" is no environment marker of PEP 508`;
  const unknown = tokens.find(
    (token) => /^[a-z_.]+$/.test(token) && !variables.has(token) && !["and", "or", "in", "not"].includes(token),
  );
  if (unknown !== undefined)
    return `"${unknown}" is no variable of an environment marker: ${[...variables].join(", ")}`;
  const end = readOr(tokens, 0, 0);
  return end === tokens.length ? null : `"${marker}" is no environment marker of PEP 508`;
}

function tokensOf(marker: string): string[] | null {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < marker.length) {
    const match = tokenPattern.exec(marker);
    if (match === null) return null;
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** Each reads from `at` and gives the token after, or −1 where it does not fit. */
function readOr(tokens: readonly string[], at: number, depth: number): number {
  let end = readAnd(tokens, at, depth);
  while (end !== -1 && tokens[end] === "or") end = readAnd(tokens, end + 1, depth);
  return end;
}

function readAnd(tokens: readonly string[], at: number, depth: number): number {
  let end = readTerm(tokens, at, depth);
  while (end !== -1 && tokens[end] === "and") end = readTerm(tokens, end + 1, depth);
  return end;
}

function readTerm(tokens: readonly string[], at: number, depth: number): number {
  if (tokens[at] === "(") {
    const end = depth < deepestParenthesis ? readOr(tokens, at + 1, depth + 1) : -1;
    return end !== -1 && tokens[end] === ")" ? end + 1 : -1;
  }
  if (!isValue(tokens[at])) return -1;
  const operator =
    tokens[at + 1] === "not" && tokens[at + 2] === "in"
      ? 2
      : tokens[at + 1] === "in" || /^[<>=!~]/.test(tokens[at + 1] ?? "")
        ? 1
        : 0;
  return operator > 0 && isValue(tokens[at + 1 + operator]) ? at + 2 + operator : -1;
}

function isValue(token: string | undefined): boolean {
  return token !== undefined && (variables.has(token) || /^['"]/.test(token));
}
