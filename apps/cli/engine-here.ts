import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** The container engine that answers, docker before podman. */
export async function engineHere(): Promise<"docker" | "podman" | null> {
  for (const engine of ["docker", "podman"] as const) {
    const answers = await promisify(execFile)(engine, ["info"], { timeout: 10_000 }).then(
      () => true,
      () => false,
    );
    if (answers) return engine;
  }
  return null;
}
