const errorLevels = new Set(["error", "critical", "fatal"]);
/** As interpreters end: `ValueError: …`, `java.lang.IllegalStateException: …`, `panic: …`. */
const raised = /^\s*(?:[\w.]*(?:Error|Exception|Exit|Interrupt)|panic|fatal(?: error)?)\b:? ?.*$/i;

/** The last error that a container wrote, in one line: of JSON logs the last line of that level, else the last that reads
 *  like one; where neither is there, the last line of all. Null where it wrote nothing. */
export function lastError(log: string): string | null {
  const lines = log.split(/\r?\n/).filter((line) => line.trim() !== "");
  const newestFirst = lines.map(read).reverse();
  const found = newestFirst.find(({ isError }) => isError) ?? newestFirst[0];
  return found === undefined ? null : found.text.replace(/\s+/g, " ").trim();
}

function read(line: string): { text: string; isError: boolean } {
  const { level, message, traceback } = fieldsOf(line);
  if (typeof message !== "string") return { text: line, isError: raised.test(line) };
  const [last = ""] = typeof traceback === "string" ? traceback.trimEnd().split("\n").slice(-1) : [];
  const text = last === "" || message.includes(last) ? message : `${message}: ${last}`;
  return { text, isError: typeof level === "string" && errorLevels.has(level.toLowerCase()) };
}

function fieldsOf(line: string): Record<string, unknown> {
  if (!line.startsWith("{")) return {};
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
