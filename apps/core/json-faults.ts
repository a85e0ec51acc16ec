/*
 * What JSON.parse takes without a word: a key that stands twice in one object, of which it keeps the last and other
 * readers the first (RFC 8259 §4), `__proto__`, and so many values or levels that what is made of
 * them takes many times the memory of the text.
 */

export const deepestJson = 100;
const mostValues = 100_000;

/** What is wrong with a JSON text, or null; of a text that is no JSON it says something or nothing. One pass. */
export function jsonFault(json: string, deepest = deepestJson): string | null {
  // The keys seen so far of each open object; null stands for a list.
  const open: (Set<string> | null)[] = [];
  let keyComes = false;
  let values = 1;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '"': {
        const end = endOfText(json, at);
        const keys = open.at(-1);
        if (keyComes && keys) {
          const key = unescaped(json.slice(at, end));
          if (key === "__proto__") return `the key "__proto__" is not taken: it has a meaning of its own in JavaScript`;
          if (keys.has(key)) return `the key ${JSON.stringify(key.slice(0, 100))} stands twice in one object`;
          keys.add(key);
        }
        keyComes = false;
        at = end - 1;
        break;
      }
      case "{":
      case "[":
        if (open.length === deepest) return `it nests deeper than ${deepest} levels`;
        values += 1;
        keyComes = json[at] === "{";
        open.push(keyComes ? new Set() : null);
        break;
      case "}":
      case "]":
        open.pop();
        keyComes = false;
        break;
      case ",":
        values += 1;
        keyComes = Boolean(open.at(-1));
        break;
    }
    if (values > mostValues)
      return `it holds more than ${mostValues} values: put a large document into a file of a version`;
  }
  return null;
}

/** Just past the closing quote of the text that opens at `start`. */
function endOfText(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return json.length;
}

/** `"\u0061"` is the same key as `"a"`. */
function unescaped(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
