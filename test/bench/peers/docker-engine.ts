import { constants, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeEngine } from "#test/engine.ts";
import { commandOutput, secondsOf } from "../command.ts";
import type { Bench } from "../figure.ts";

/** The way without Slipway: an image by `docker build`, sent by `docker push`. */
export interface Engine {
  /** Seconds for both. The image is removed from the engine afterwards. */
  buildAndPush(reference: string, path: string): Promise<number>;
  close(): Promise<void>;
}

/** Takes the engine that is there, or as root starts one. */
export async function openEngine(bench: Bench): Promise<Engine | { why: string }> {
  const { state, release } = await takeEngine(bench.ledger);
  if (!state.available) return { why: state.why };
  const context = join(bench.folder, "docker-context");
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY weights.bin /opt/model/weights.bin\n");
  return {
    async buildAndPush(reference, path) {
      copyFileSync(path, join(context, "weights.bin"), constants.COPYFILE_FICLONE);
      await commandOutput("sync", []);
      const seconds = await secondsOf(async () => {
        await commandOutput("docker", ["build", "--quiet", "--tag", reference, context]);
        await commandOutput("docker", ["push", "--quiet", reference]);
      });
      await commandOutput("docker", ["image", "rm", reference]);
      return seconds;
    },
    async close() {
      rmSync(context, { recursive: true, force: true });
      await release();
    },
  };
}
