import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
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
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure("usage", `${path} is no JSON: mend it, or remove it and log in again`, { cause: error });
  }
  const { current = "default", profiles = {} } = (document ?? {}) as Partial<Profiles>;
  if (typeof current !== "string" || !areProfiles(profiles))
    throw new Failure("usage", `${path} is not as login writes it: mend it, or remove it and log in again`);
  return { current, profiles: Object.assign(Object.create(null), profiles) };
}

function areProfiles(value: unknown): value is Profiles["profiles"] {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every(
    (one) => typeof one?.url === "string" && ["string", "undefined"].includes(typeof (one.token ?? undefined)),
  );
}

/** By what is in it now, one process after another. The file is the old one or the new one, and nobody else's at any
 *  time. */
export function changeProfiles(env: NodeJS.ProcessEnv, change: (kept: Profiles) => Profiles): void {
  const path = profilesPath(env);
  const unfinished = `${path}.${process.pid}`;
  const lock = `${path}.lock`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    takeLock(lock);
    try {
      writeFileSync(unfinished, `${JSON.stringify(change(readProfiles(env)), null, 2)}\n`, { mode: 0o600 });
      renameSync(unfinished, path);
    } finally {
      rmSync(lock, { force: true });
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure("failed", `${path} cannot be written (${code}): its folder must be yours`, { cause: error });
  }
}

const lockMs = 5_000;

/** It is held for a moment: one that is older was left by a process that was killed. */
function takeLock(lock: string): void {
  for (;;) {
    try {
      closeSync(openSync(lock, "wx", 0o600));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const made = statSync(lock, { throwIfNoEntry: false });
    if (made !== undefined && Date.now() - made.mtimeMs > lockMs) rmSync(lock, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  }
}
