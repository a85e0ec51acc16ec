import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A sentence for the person at the terminal. */
export class SetUpError extends Error {}

/**
 * Runs a command to its end and resolves with what it wrote. When it fails, the message is `otherwise` and its last lines.
 * @param {string} command
 * @param {string[]} args
 * @param {{ otherwise: string, cwd?: string, env?: Record<string, string> }} options
 * @returns {Promise<string>}
 */
export function run(command, args, { otherwise, cwd = root, env = {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    child.once("error", (error) => reject(new SetUpError(`${otherwise}\n    ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new SetUpError([otherwise, ...output.trimEnd().split("\n").slice(-12)].join("\n    ")));
    });
  });
}

/** Whether a command can be run and ends well. */
export function works(command, args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
