import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "./temporary-folder.ts";
import { whenDone } from "./when-done.ts";

const execute = promisify(execFile);

/** A Compose file in a folder of its own, as a real compose reads it; taken down when the test ends. */
export interface ComposeProject {
  folder: string;
  name: string;
  compose(...args: string[]): Promise<string>;
  /** The container of a service. */
  containerOf(service: string): Promise<string>;
  /** Removes all that the project made. */
  down(): Promise<void>;
}

/** For `describe.skipIf(!composeIsThere())`; where it is not, the set-up has said so. */
export function composeIsThere(): boolean {
  return spawnSync("docker-compose", ["version"], { stdio: "ignore" }).status === 0;
}

export function composeProject(
  file: string | Buffer,
  folder = temporaryFolder(),
  environment: Record<string, string> = {},
): ComposeProject {
  const path = join(folder, "docker-compose.yml");
  writeFileSync(path, file);
  const name = `slipway-test-${randomBytes(4).toString("hex")}`;
  const compose = async (...args: string[]) => {
    const options = { cwd: folder, timeout: 300_000, env: { ...process.env, ...environment } };
    return (await execute("docker-compose", ["--project-name", name, "--file", path, ...args], options)).stdout.trim();
  };
  const down = async () => void (await compose("down", "--volumes", "--timeout", "10"));
  whenDone(down);
  return { folder, name, compose, containerOf: (service) => compose("ps", "--quiet", service), down };
}
