import { Document, isScalar, visit } from "yaml";
import type { Running } from "./deployable.ts";

/** Reads as the same text in every version of YAML, where the library leaves it plain. */
const plain = /^[A-Za-z/][A-Za-z0-9 ./_@-]*$/;

/** Documents as YAML that readers of 1.1 (Compose 1, kubectl) and of 1.2 take alike: texts that could be anything else
 *  are quoted. The same data gives the same bytes. At its head stands what it runs, and the command that takes it. */
export function writeYaml(
  { model, version, contentDigest }: Pick<Running, "model" | "version" | "contentDigest">,
  command: string,
  documents: readonly object[],
): string {
  const head = `# ${model} ${version}, content ${contentDigest}\n# ${command}\n`;
  return head + documents.map(writeDocument).join("---\n");
}

function writeDocument(data: object): string {
  const document = new Document(data, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === "string" && !plain.test(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0, indentSeq: false });
}
