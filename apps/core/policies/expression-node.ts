/** What a condition is made of. It has no loop, no variable and no name but those of paths, so that each node is looked at
 *  once at most: a condition ends because there is nothing in it that could go on. */
export type ExpressionNode = { /** As it was written. */ text: string } & (
  | { kind: "literal"; value: null | boolean | number | string }
  | { kind: "path"; path: FactPath }
  | { kind: "has"; path: FactPath }
  | { kind: "list"; items: readonly ExpressionNode[] }
  | { kind: "not" | "minus" | "size" | "double"; of: ExpressionNode }
  | { kind: BinaryKind; operator: string; left: ExpressionNode; right: ExpressionNode }
  | { kind: "choice"; condition: ExpressionNode; yes: ExpressionNode; no: ExpressionNode }
);

type BinaryKind = "logic" | "equality" | "order" | "arithmetic" | "in" | "match";

export type BinaryNode = Extract<ExpressionNode, { kind: BinaryKind }>;

/** Where a value stands in the facts. */
export interface FactPath {
  root: Root;
  /** Keys of objects, and places in lists. */
  keys: readonly (string | number)[];
}

type Root = "candidate" | "holder";

/** `candidate.checks["unit-tests"].data`: as much of the path as `length` keys. */
export function pathText({ root, keys }: FactPath, length = keys.length): string {
  const written = keys
    .slice(0, length)
    .map((key) => (typeof key === "string" && /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`));
  return root + written.join("");
}

/** Every path that is named, once, in order. */
export function pathsIn(node: ExpressionNode): FactPath[] {
  const found = new Map<string, FactPath>();
  const left = [node];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.kind === "path" || next.kind === "has") found.set(pathText(next.path), next.path);
    left.push(...innerOf(next).reverse());
  }
  return [...found.values()];
}

function innerOf(node: ExpressionNode): ExpressionNode[] {
  switch (node.kind) {
    case "literal":
    case "path":
    case "has":
      return [];
    case "list":
      return [...node.items];
    case "not":
    case "minus":
    case "size":
    case "double":
      return [node.of];
    case "choice":
      return [node.condition, node.yes, node.no];
    default:
      return [node.left, node.right];
  }
}
