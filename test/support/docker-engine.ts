import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { inject } from "vitest";
import { whenDone } from "./when-done.ts";

const execute = promisify(execFile);

/** Runs the docker command against the engine of this run. */
export interface DockerEngine {
  docker(...args: string[]): Promise<string>;
  /** Runs an image as production should (read-only, no capabilities, user 65532), its port 8000 published on a
   *  free loopback port. Removed when the test ends. */
  runHardened(image: string, ...more: string[]): Promise<Container>;
}

export interface Container {
  id: string;
  url: string;
  /** `starting`, `healthy` or `unhealthy`, by the image's own health check. */
  health(): Promise<string>;
  logs(): Promise<string>;
}

/** Null where there is no engine; the reason is printed. For `describe.skipIf(engine === null)`. */
export function dockerEngine(): DockerEngine | null {
  const engine = inject("engine");
  if (!engine.available) {
    console.warn(`skipped: ${engine.why}`);
    return null;
  }
  const docker = async (...args: string[]) => (await execute("docker", args, { timeout: 300_000 })).stdout.trim();
  return {
    docker,
    async runHardened(image, ...more) {
      const hardened = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65532"];
      const id = await docker("run", "--detach", ...hardened, "--publish", "127.0.0.1::8000", ...more, image);
      whenDone(async () => void (await docker("rm", "--force", id)));
      const [address] = (await docker("port", id, "8000")).split("\n");
      return {
        id,
        url: `http://${address}`,
        health: () => docker("inspect", "--format", "{{.State.Health.Status}}", id),
        async logs() {
          const { stdout, stderr } = await execute("docker", ["logs", id]);
          return stdout + stderr;
        },
      };
    },
  };
}
