/** One value that two documents do not have in common. */
export interface JsonChange {
  /** `metrics.auc`: keys with dots between. */
  path: string;
  /** Undefined where the document has nothing there. */
  from?: unknown;
  to?: unknown;
}

/** What differs between two JSON documents, by path, in order. Objects are gone into; a list is one value. */
export function jsonChanges(from: unknown, to: unknown): JsonChange[] {
  const [before, after] = [leavesOf(from), leavesOf(to)];
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths
    .filter((path) => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path)))
    .map((path) => ({
      path,
      ...(before.has(path) ? { from: before.get(path) } : {}),
      ...(after.has(path) ? { to: after.get(path) } : {}),
    }));
}

/** Without recursion: a document may be as deep as JSON lets it. */
function leavesOf(document: unknown): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const left: { path: string; value: unknown }[] = [{ path: "", value: document }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { path, value } = next;
    const entries = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
    if (entries.length === 0 && path !== "") leaves.set(path, value);
    for (const [key, inner] of entries) left.push({ path: path === "" ? key : `${path}.${key}`, value: inner });
  }
  return leaves;
}
