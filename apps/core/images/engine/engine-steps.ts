import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeSteps } from "../runtimes/runtime-steps.ts";
import { wheelMaker } from "./make-wheels.ts";
import { runGenerated } from "./run-generated.ts";
import { type GeneratedNeeds, runStage } from "./run-stage.ts";
import { packageFields, readRecords, requireFolder } from "./step-output.ts";
import { installSystemPackages } from "./step-scripts.ts";

/** Runs a runtime's steps in the engine, once for each runtime. */
export function engineSteps(needs: GeneratedNeeds): RuntimeSteps {
  const stages = runStage(needs);
  const run = runGenerated(needs.engine, stages);
  return {
    async installSystemPackages(base, names, within, context) {
      const folder = await mkdtemp(join(within, "system-"));
      const present = base.packages.map(({ name, version }) => `${name} ${version}\n`).join("");
      const files = { names: `${names.join("\n")}\n`, ...(present === "" ? {} : { present }) };
      const { dockerfile } = await run(base, { script: installSystemPackages, files, folder }, context);
      const packages = await readRecords(join(folder, "out/packages"), packageFields);
      const root = join(folder, "out/root");
      await requireFolder(root);
      return { root, packages, dockerfile };
    },
    makeWheels: wheelMaker(needs, stages),
  };
}
