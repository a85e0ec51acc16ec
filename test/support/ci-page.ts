import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "#standalone/setup/run-command.mjs";
import { pageBlocks } from "./page-blocks.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const blocks = pageBlocks(join(root, "docs/ci.md"), "sh", "yaml");

/** The one block of docs/ci.md that has these words, with what is of another place here. */
export function ciPage(here: Record<string, string>) {
  return (language: "sh" | "yaml", words: string): string => {
    const found = blocks.filter((each) => each.language === language && each.text.includes(words));
    if (found.length !== 1) throw new Error(`docs/ci.md has ${found.length} blocks with ${words}`);
    return Object.entries(here).reduce((text, [there, ours]) => text.replaceAll(there, ours), found[0]?.text ?? "");
  };
}

export async function shell(text: string, env: Record<string, string>, cwd = temporaryFolder()): Promise<string> {
  const whole = `set -euo pipefail\n${text}`;
  return (await promisify(execFile)("bash", ["-c", whole], { cwd, env: { ...process.env, ...env } })).stdout;
}
