import { decodeUtf8 } from "../decode-utf8.ts";
import { keepingFault } from "../keeping-fault.ts";
import { hasFile, type PackageReader, readSmall } from "../package-reader.ts";
import { readYaml } from "../read-yaml.ts";
import { isMapping } from "../reading.ts";

/** The model card, as on Hugging Face: Markdown with YAML between two lines of `---` at its head
 *  (https://huggingface.co/docs/hub/model-cards#model-card-metadata). */
export const cardFile = "README.md";

/** A longer one is a document of its own, and stays in the package. */
export const cardLimitBytes = 1024 * 1024;
const frontMatterLimit = 64 * 1024;

export type FrontMatter = Record<string, unknown>;

export interface Card {
  /** Empty where there is none. */
  frontMatter: FrontMatter;
  /** The Markdown below it. */
  body: string;
  /** Why front matter that is there is not read; the card is then its text alone. */
  fault: string | null;
}

/** Null where the package has no card, or none that can be read. What is wrong with a card keeps no model from being
 *  served. */
export async function readCardOf(reader: PackageReader): Promise<Card | null> {
  if (!hasFile(reader, cardFile)) return null;
  const bytes = await readSmall(reader, cardFile, cardLimitBytes);
  if (bytes === null) return { frontMatter: {}, body: "", fault: "it is larger than 1 MiB" };
  const text = decodeUtf8(bytes);
  return text === null ? { frontMatter: {}, body: "", fault: "it is not UTF-8 text" } : readCard(text);
}

export function readCard(text: string): Card {
  const match = /^---[ \t]*\r?\n(?:([\s\S]*?)\r?\n)?---[ \t]*(?:\r?\n|$)/.exec(text);
  if (match === null) return { frontMatter: {}, body: text, fault: null };
  const body = text.slice(match[0].length);
  const without = (fault: string): Card => ({ frontMatter: {}, body, fault });
  const yaml = Buffer.from(match[1] ?? "");
  if (yaml.length > frontMatterLimit) return without("its front matter is larger than 64 KiB");
  const { file, faults } = readYaml(yaml);
  const [first] = faults;
  if (first !== undefined) return without(`its front matter ${sentence(first.message, first.line)}`);
  const value = file?.value ?? {};
  if (!isMapping(value)) return without("its front matter is no mapping of keys to values");
  // What an alias repeats is kept each time.
  if (Buffer.byteLength(JSON.stringify(value)) > frontMatterLimit)
    return without("its front matter is larger than 64 KiB as JSON, with its aliases written out");
  const unkept = keepingFault(value);
  return unkept === null
    ? { frontMatter: value, body, fault: null }
    : without(`its front matter cannot be kept: ${unkept}`);
}

/** The line is that of the file: the first is `---`. */
function sentence(message: string, line: number | null): string {
  return line === null ? message : `cannot be read: ${message} (line ${line + 1})`;
}
