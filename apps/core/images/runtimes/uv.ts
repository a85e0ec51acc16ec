import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "#core/packaging/platforms.ts";
import { basePythonCommand } from "../bases/base-python.ts";
import type { Base } from "../bases/base-source.ts";
import type { BuildContext } from "../image-builder.ts";
import { type Finished, runCommand } from "../run-command.ts";

export interface Uv {
  /** Name on PATH, or path. */
  file: string;
  cacheDir: string;
  environment: Readonly<Record<string, string>>;
  /** An index that is asked for torch's wheels alone: torch-index.ts. */
  torchIndex: string | null;
}

/** Where uv works for one runtime. */
export interface UvRun {
  base: Base;
  /** Files of a base on this machine whose Python is the base's and runs here: twin.ts. */
  root: string;
  /** A scratch folder. */
  folder: string;
  context: BuildContext;
}

const limitMs = 15 * 60_000;

/** Runs uv for the Python and the libc of a base, whatever this machine has. Only wheels are taken: no build backend
 *  of anyone's package ever runs. Configuration files are not looked for (the data directory may lie in somebody's
 *  project); UV_CONFIG_FILE and uv's other variables count. What it says about a failure goes to the log. */
export async function runUv(
  uv: Uv,
  args: readonly string[],
  { base, root, folder, context }: UvRun,
  more: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const finished = await runCommand({
    file: uv.file,
    args: [
      ...args,
      ...["--python", await writePython(root, base.pythonPath, folder)],
      ...["--python-version", base.pythonVersion, "--python-platform", pythonPlatform(base)],
      ...["--only-binary", ":all:", "--cache-dir", uv.cacheDir],
      ...["--no-config", "--no-progress", "--no-python-downloads", "--color", "never"],
    ],
    cwd: folder,
    environment: { ...uvEnvironment(uv.environment), ...more },
    signal: context.signal,
    limitMs,
  });
  const stderr = withoutCredentials(finished.stderr);
  if (finished.exitCode !== 0) for (const line of stderr.trimEnd().split("\n")) context.log(line);
  return { ...finished, stderr };
}

/** A company's certificate authority stands in the system's store, and uv looks at its own list unless it is told
 *  otherwise. UV_NATIVE_TLS is what UV_SYSTEM_CERTS was called before. */
export function uvEnvironment(environment: Uv["environment"]): Record<string, string> {
  const isChosen = "UV_SYSTEM_CERTS" in environment || "UV_NATIVE_TLS" in environment;
  return isChosen ? environment : { ...environment, UV_SYSTEM_CERTS: "1" };
}

/** uv wants a Python to ask about itself: it is given the base's own. */
async function writePython(root: string, pythonPath: string, folder: string): Promise<string> {
  const path = join(folder, "python3");
  const words = (await basePythonCommand(root, pythonPath)).map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  await writeFile(path, `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`, { mode: 0o755 });
  return path;
}

/** The address of an index may hold a name and a password. */
function withoutCredentials(text: string): string {
  return text.replaceAll(/:\/\/[^/@\s]+@/g, "://***@");
}

/** The newest manylinux profile (PEP 600) that uv knows and the base's glibc satisfies. */
const manylinuxMinors = [17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40];

const machines: Readonly<Record<Architecture, string>> = { amd64: "x86_64", arm64: "aarch64" };

export function pythonPlatform(base: Pick<Base, "libc" | "architecture">): string {
  const machine = machines[base.architecture];
  if (base.libc.name === "musl") return `${machine}-unknown-linux-musl`;
  const minor = Number(base.libc.version.split(".")[1]);
  const newest = manylinuxMinors.findLast((candidate) => candidate <= minor);
  if (newest === undefined) throw new Error(`no wheels are made for glibc ${base.libc.version}`);
  return `${machine}-manylinux_2_${newest}`;
}
