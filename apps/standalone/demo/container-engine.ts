import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { RunningImage } from "./running-image.ts";

const execute = promisify(execFile);

/** Runs an image as production should: read-only, without capabilities, as a plain user. */
export async function runInEngine(engine: "docker" | "podman", image: string): Promise<RunningImage> {
  const command = async (...args: string[]) => (await execute(engine, args, { timeout: 300_000 })).stdout.trim();
  // Podman asks for TLS on loopback too, Docker does not.
  if (engine === "podman") await command("pull", "--quiet", "--tls-verify=false", image);
  const hardened = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65532"];
  const id = await command("run", "--detach", ...hardened, "--publish", "127.0.0.1::8000", image);
  const remove = async () => void (await command("rm", "--force", id));
  try {
    const [address] = (await command("port", id, "8000")).split("\n");
    const { stdout } = await execute(engine, ["logs", "--tail", "20", id]);
    let log = stdout;
    return {
      url: `http://${address}`,
      log: () => log,
      async stop() {
        log = await command("logs", "--tail", "20", id);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
