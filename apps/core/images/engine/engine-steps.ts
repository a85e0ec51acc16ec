import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { normalisedName } from "#core/packaging/requirement.ts";
import type { RuntimeSteps } from "../runtimes/runtime-steps.ts";
import { type GeneratedNeeds, runGenerated } from "./run-generated.ts";
import { packageFields, readRecords, requireFolder, requireWheels, sdistFields } from "./step-output.ts";
import { findSdists, installSystemPackages, makeWheels } from "./step-scripts.ts";

/** Runs a runtime's steps in the engine, once for each runtime. */
export function engineSteps(needs: GeneratedNeeds): RuntimeSteps {
  const run = runGenerated(needs);
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

    async makeWheels(base, requirements, within, context) {
      const folder = await mkdtemp(join(within, "wheels-"));
      // pip would want a hash for every line; they are held against what was found, afterwards.
      const plain = requirements.map((line) => line.replaceAll(/\s+--hash=\S+/g, ""));
      const files = { "requirements.in": `${plain.join("\n")}\n`, "sdists.py": findSdists };
      const { dockerfile } = await run(base, { script: makeWheels, files, folder }, context);
      const records = await readRecords(join(folder, "out/sdists"), sdistFields);
      const sdists = records.map((record) => ({ ...record, name: normalisedName(record.name) }));
      await requireWheels(join(folder, "out/wheels"));
      return { folder: join(folder, "out/wheels"), sdists, dockerfile };
    },
  };
}
