import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { normalisedName } from "#core/packaging/requirement.ts";
import { withoutHashes } from "../runtimes/pinned-hashes.ts";
import type { MadeWheels, RuntimeSteps } from "../runtimes/runtime-steps.ts";
import { StepFailed } from "./blame.ts";
import { forward, indexesOf } from "./index-relay.ts";
import { runOffline } from "./run-offline.ts";
import { blameForStep, type GeneratedNeeds, type RunStage } from "./run-stage.ts";
import { readRecords, requireFolder, requireWheels, sdistFields } from "./step-output.ts";
import { findSdists, makeWheels, prepareWheels, stepExits } from "./step-scripts.ts";

/** Makes wheels from sources in two parts: a stage that reaches the mirrors brings the tools, and what then runs packages'
 *  code on it (asking a build backend what a package needs is running it, too) has neither network nor secrets. Compilers
 *  are brought when it turns out not to go without. */
export function wheelMaker({ engine, config }: GeneratedNeeds, runStage: RunStage): RuntimeSteps["makeWheels"] {
  return async (base, { requirements, constraints }, within, context) => {
    // They are held against what was found, afterwards.
    const plain = (lines: readonly string[]) => lines.map((line) => `${withoutHashes(line)}\n`).join("");
    const files = {
      "requirements.in": plain(requirements),
      "constraints.in": plain(constraints),
      "sdists.py": findSdists,
      "forward.py": forward,
      "wheels.sh": makeWheels(indexesOf(config.network).length),
    };
    const { limits, network: engineNetwork } = config.engine;
    const make = async (more: Record<string, string>): Promise<MadeWheels> => {
      const folder = await mkdtemp(join(within, "wheels-"));
      const stage = { script: prepareWheels, files: { ...files, ...more } };
      const { dockerfile } = await runStage(base, stage, context, (made) =>
        runOffline(engine, made, {
          script: "/slipway/wheels.sh",
          folder,
          limits,
          engineNetwork,
          network: config.network,
          log: context.log,
        }),
      );
      const out = join(folder, "out");
      await requireFolder(out);
      const records = await readRecords(join(out, "sdists"), sdistFields);
      await requireWheels(join(out, "wheels"));
      const sdists = records.map((record) => ({ ...record, name: normalisedName(record.name) }));
      return { folder: join(out, "wheels"), sdists, dockerfile: `${dockerfile}${offline}` };
    };
    try {
      return await make({}).catch((error: unknown) => {
        if (!(error instanceof StepFailed && error.exitCode === stepExits.compilers)) throw error;
        context.log("it does not go without compilers: bringing them");
        return make({ compilers: "" });
      });
    } catch (error) {
      throw blameForStep(error);
    }
  };
}

/** Of what is kept with the build. */
const offline = "# In a container of this stage, without a network: /bin/sh /slipway/wheels.sh\n";
