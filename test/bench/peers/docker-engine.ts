import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeEngine } from "#test/engine.ts";
import { commandOutput, secondsOf } from "../command.ts";
import type { Bench } from "../figure.ts";

/** The way without Slipway: an image by `docker build`, sent by `docker push`. */
export interface Engine {
  /** Seconds for both, of a folder with a Dockerfile. The image is removed from the engine afterwards. */
  buildAndPush(reference: string, context: string, ...buildOptions: string[]): Promise<number>;
  /** Has an image of a registry, under a name of its own, until it is closed. */
  pull(reference: string, name: string): Promise<void>;
  close(): Promise<void>;
}

/** Takes the engine that is there, or as root starts one. */
export async function openEngine(bench: Bench): Promise<Engine | { why: string }> {
  const { state, release } = await takeEngine(bench.ledger);
  if (!state.available) return { why: state.why };
  const docker = (...args: string[]) => commandOutput("docker", args);
  const pulled: string[] = [];
  return {
    async buildAndPush(reference, context, ...buildOptions) {
      const seconds = await secondsOf(async () => {
        await docker("build", "--quiet", ...buildOptions, "--tag", reference, context);
        await docker("push", "--quiet", reference);
      });
      await docker("image", "rm", reference);
      return seconds;
    },
    async pull(reference, name) {
      await docker("pull", "--quiet", reference);
      pulled.push(reference);
      await docker("tag", reference, name);
      pulled.push(name);
    },
    async close() {
      for (const name of pulled) await docker("image", "rm", name).catch(bench.say);
      await release();
    },
  };
}

/** A folder for `docker build`: the file at `path`, and a Dockerfile that lays it upon `from`. */
export function fileContext(bench: Bench, from: string, path: string): string {
  const context = join(bench.folder, "docker-context");
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context);
  writeFileSync(join(context, "Dockerfile"), `FROM ${from}\nCOPY weights.bin /opt/model/weights.bin\n`);
  linkSync(path, join(context, "weights.bin"));
  return context;
}
