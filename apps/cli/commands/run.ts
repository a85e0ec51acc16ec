import { spawn } from "node:child_process";
import { engineHere } from "../engine-here.ts";
import { Failure } from "../failure.ts";
import { versionNamed } from "../named.ts";
import { readVersion } from "../push/begin.ts";
import type { Work } from "../work.ts";

/** By digest, as production would: a root that nobody writes to, and no capabilities. */
export async function run(work: Work, name: string, { port }: { port: string }): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new Failure("usage", "--port is a number from 1 to 65535, such as 8000");
  const { model, version: wanted } = versionNamed(name);
  const version = await readVersion(await work.service(), model, wanted);
  const { image } = version;
  if (image?.status !== "present")
    throw new Failure("conflict", `${name} has no image in its registry: slipway show ${name} says what became of it`);
  const terms = ["run", "--rm", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "-p", `127.0.0.1:${port}:8000`];
  const engine = await engineHere();
  if (engine === null)
    throw new Failure(
      "failed",
      `neither docker nor podman answers here; where one does: docker ${[...terms, image.reference].join(" ")}`,
    );
  work.screen.note(`${model}:${version.version} on http://127.0.0.1:${port}, Ctrl-C ends it`);
  // In a session of its own: Ctrl-C reaches it once, by way of here, and so does the end that a supervisor asks for.
  const child = spawn(engine, [...terms, image.reference], { stdio: ["ignore", "inherit", "inherit"], detached: true });
  work.signal.addEventListener("abort", () => child.kill("SIGTERM"));
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve));
  if (code !== 0 && !work.signal.aborted)
    throw new Failure("failed", `${engine} ended with ${code}: it says why above`);
}
