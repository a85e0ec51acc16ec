import { createReadStream } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Base } from "../bases/base-source.ts";
import { unpackInto } from "../bases/unpack.ts";
import type { BuildContext } from "../image-builder.ts";
import { exportImage } from "./export-image.ts";
import type { Engine } from "./open-engine.ts";
import { blameForStep, type RunStage } from "./run-stage.ts";

export interface GeneratedStep {
  script: string;
  /** Beside the script, by name. */
  files: Readonly<Record<string, string>>;
  /** Where the step's output goes: an empty folder. */
  folder: string;
}

export type RunGenerated = (base: Base, step: GeneratedStep, context: BuildContext) => Promise<{ dockerfile: string }>;

/** Runs a script of ours in a Dockerfile of two stages whose last holds the output and nothing else, and lays the output
 *  out in a folder. */
export function runGenerated(engine: Engine, runStage: RunStage): RunGenerated {
  return async (base, { script, files, folder }, context) => {
    const last = ["FROM scratch", "COPY --from=build /slipway/out/ /"];
    const { dockerfile } = await runStage(base, { script, files, last }, context, async ({ image, signal }) => {
      const saved = await mkdtemp(join(folder, "saved-"));
      const { layers } = await exportImage(engine, image.Id, saved, signal);
      await mkdir(join(folder, "out"), { recursive: true });
      for (const { file } of layers) await unpackInto(join(folder, "out"), [createReadStream(file)], { signal });
    }).catch((error: unknown) => {
      throw blameForStep(error);
    });
    return { dockerfile };
  };
}
