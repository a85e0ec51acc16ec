import type { BuildContext } from "../image-builder.ts";
import { megabytes } from "../measures.ts";
import { runCommand } from "../run-command.ts";
import { type Uv, uvEnvironment } from "./uv.ts";

const limitMs = 5 * 60_000;

/** uv keeps every wheel that it fetched, by its hash, and forgets none. Where they take more than they may, what nothing
 *  links to goes, and if that is not enough all of it: the layers of large wheels are kept elsewhere. uv waits for others
 *  that use the cache, and for those that wait here there is an end. */
export async function keepWithin(
  uv: Uv,
  limitBytes: number,
  { log, signal }: Pick<BuildContext, "log" | "signal">,
): Promise<void> {
  const cache = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runCommand({
      file: uv.file,
      args: ["cache", ...args, "--cache-dir", uv.cacheDir, "--no-config", "--color", "never"],
      environment: uvEnvironment(uv.environment),
      signal,
      limitMs,
    });
    if (exitCode !== 0) throw new Error(`uv cache ${args[0]}: ${stderr.trim().split("\n").at(-1) ?? ""}`);
    return stdout;
  };
  const sizeBytes = async () => Number(await cache("size", "--preview-features", "cache-size"));
  const before = await sizeBytes();
  if (before <= limitBytes) return;
  await cache("prune");
  if ((await sizeBytes()) > limitBytes) await cache("clean");
  log(
    `the cache of wheels took ${megabytes(before)} of ${megabytes(limitBytes)}: ${megabytes(await sizeBytes())} are left`,
  );
}
