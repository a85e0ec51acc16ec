import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, SetUpError, works } from "./run-command.mjs";

/*
 * Programs in Go, compiled once for all checkouts of this user:
 *
 *   ${XDG_CACHE_HOME:-~/.cache}/slipway/<program>-<version>/<program>
 */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "slipway");

/** @typedef {{ module: string, version: string }} Source  `module` ends in the program's name. */

/** Where the program lies once it is made. @param {string} program @param {Source} source */
export function goProgramPath(program, { version }) {
  return join(cache, `${program}-${version}`, program);
}

/**
 * @param {string} program
 * @param {Source} source
 * @param {{ title: string, without: string }} words
 * @returns {import("./set-up.mjs").Step}
 */
export function goProgram(program, source, { title, without }) {
  const path = goProgramPath(program, source);
  return {
    name: program,
    title: `${program} ${source.version}, ${title}`,
    without,
    inPlace: () => existsSync(path),
    act: () => make(program, source, path),
  };
}

/** Two set-ups at once make it twice, and the last one's stays. */
async function make(program, { module, version }, path) {
  if (!works("go", ["version"]))
    throw new SetUpError("Go was not found. Install it (https://go.dev/dl, or Debian: apt-get install golang-go).");
  const folder = join(path, "..");
  mkdirSync(folder, { recursive: true });
  const unfinished = mkdtempSync(join(folder, "unfinished-"));
  try {
    await run("go", ["install", `${module}@${version}`], {
      otherwise: `Go could not make ${module}. Is a Go module proxy reachable from here?`,
      env: { GOBIN: unfinished },
    });
    renameSync(join(unfinished, program), path);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
