import { readFileSync } from "node:fs";

export interface PageBlock {
  language: string;
  text: string;
}

/** The fenced blocks of a page of the documentation that are of these languages, as they stand in it. */
export function pageBlocks(page: string, ...languages: string[]): PageBlock[] {
  return [...readFileSync(page, "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .map(([, language = "", text = ""]) => ({ language, text }))
    .filter(({ language }) => languages.includes(language));
}

/** For a shell: of `jq -r .name`, which is all that some pages ask of it, since a new machine may not have it. */
export const smallJq = `jq() { node -e 'console.log(JSON.parse(fs.readFileSync(0, "utf8"))[process.argv[1].slice(1)])' "$2"; }`;
