import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeEngine } from "#test/engine.ts";
import { makePythonBase } from "#test/python-base-image.ts";
import { commandOutput, secondsOf } from "../command.ts";
import type { Bench } from "../figure.ts";

/** The way without Slipway: an image by `docker build`, sent by `docker push`. */
export interface Engine {
  /** Seconds for both, of a folder with a Dockerfile. The image is removed from the engine afterwards. */
  buildAndPush(reference: string, context: string, ...buildOptions: string[]): Promise<number>;
  /** Has an image of a registry, under a name of its own, until it is closed. */
  pull(reference: string, name: string): Promise<void>;
  /** Makes an image with Python and pip, which is there until it is closed. */
  pythonBase(): Promise<string>;
  /** What a script says, in JSON, that the image's own Python runs as root. */
  ask<T>(image: string, script: string): Promise<T>;
  /** Uses an image of a folder with a Dockerfile, which is removed afterwards. */
  withBuilt<T>(context: string, use: (image: string) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Takes the engine that is there, or as root starts one. */
export async function openEngine(bench: Bench): Promise<Engine | { why: string }> {
  const { state, release } = await takeEngine(bench.ledger);
  if (!state.available) return { why: state.why };
  const docker = (...args: string[]) => commandOutput("docker", args);
  const pulled: string[] = [];
  const bases: (() => Promise<void>)[] = [];
  return {
    async buildAndPush(reference, context, ...buildOptions) {
      const seconds = await secondsOf(async () => {
        await docker("build", "--quiet", ...buildOptions, "--tag", reference, context);
        await docker("push", "--quiet", reference);
      });
      await docker("image", "rm", reference);
      return seconds;
    },
    async pythonBase() {
      const folder = join(bench.folder, "python-base");
      mkdirSync(folder);
      const { image, remove } = await makePythonBase(docker, folder);
      rmSync(folder, { recursive: true });
      bases.push(remove);
      return image;
    },
    async ask(image, script) {
      const alone = ["--rm", "--network", "none", "--user", "0"];
      return JSON.parse(await docker("run", ...alone, image, "python3", "-c", script));
    },
    async withBuilt(context, use) {
      const image = (await docker("build", "--quiet", context)).trim();
      return use(image).finally(() => docker("image", "rm", image));
    },
    async pull(reference, name) {
      await docker("pull", "--quiet", reference);
      pulled.push(reference);
      await docker("tag", reference, name);
      pulled.push(name);
    },
    async close() {
      for (const name of pulled) await docker("image", "rm", name).catch(bench.say);
      for (const remove of bases) await remove().catch(bench.say);
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
