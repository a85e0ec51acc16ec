import { mkdir, mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { normalisedName } from "#core/packaging/requirement.ts";
import type { RuntimeSteps } from "../runtimes/runtime-steps.ts";
import { type GeneratedNeeds, runGenerated } from "./run-generated.ts";
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
      const packages = (await linesOf(join(folder, "out/packages"))).map((line) => {
        const [name = "", version = "", sha256 = ""] = line.split(" ");
        return { name, version, sha256 };
      });
      const root = join(folder, "out/root");
      await mkdir(root, { recursive: true });
      return { root, packages, dockerfile };
    },

    async makeWheels(base, requirements, within, context) {
      const folder = await mkdtemp(join(within, "wheels-"));
      // pip would want a hash for every line; they are held against what was found, afterwards.
      const plain = requirements.map((line) => line.replaceAll(/\s+--hash=\S+/g, ""));
      const files = { "requirements.in": `${plain.join("\n")}\n`, "sdists.py": findSdists };
      const { dockerfile } = await run(base, { script: makeWheels, files, folder }, context);
      const sdists = (await linesOf(join(folder, "out/sdists"))).map((line) => {
        const [name = "", version = "", file = "", sha256 = ""] = line.split(" ");
        return { name: normalisedName(name), version, file, sha256 };
      });
      return { folder: join(folder, "out/wheels"), sdists, dockerfile };
    },
  };
}

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
}
