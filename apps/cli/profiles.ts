import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "./failure.ts";

/*
 * $XDG_CONFIG_HOME/slipway/config.json, readable by its owner alone:
 *
 *   {"current": "default", "profiles": {"default": {"url": "https://…", "token": "slpw_…"}}}
 */
export interface Profiles {
  current: string;
  profiles: Record<string, { url: string; token: string | null }>;
}

export function profilesPath(env: NodeJS.ProcessEnv): string {
  return join(env["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "slipway", "config.json");
}

/** None where there is no file. What others can read is closed to them first. */
export function readProfiles(env: NodeJS.ProcessEnv): Profiles {
  const path = profilesPath(env);
  let text: string;
  try {
    if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return { current: "default", profiles: {} };
    throw new Failure("usage", `${path} cannot be read or closed to others (${code}): it must be yours`, {
      cause: error,
    });
  }
  try {
    const { current, profiles } = JSON.parse(text) as Profiles;
    return { current: current ?? "default", profiles: profiles ?? {} };
  } catch (error) {
    throw new Failure("usage", `${path} is no JSON: mend it, or remove it and log in again`, { cause: error });
  }
}

/** The file is the old one or the new one, and nobody else's at any time. */
export function writeProfiles(env: NodeJS.ProcessEnv, profiles: Profiles): void {
  const path = profilesPath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, path);
}
