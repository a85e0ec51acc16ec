import { goProgram, goProgramPath } from "./go-program.mjs";

const sources = {
  crane: { module: "github.com/google/go-containerregistry/cmd/crane", version: "v0.22.1" },
  oras: { module: "oras.land/oras/cmd/oras", version: "v1.3.6" },
};

/** Where the program lies once it is made. @param {keyof typeof sources} tool */
export function registryToolPath(tool) {
  return goProgramPath(tool, sources[tool]);
}

/** Other ways into a registry, for the benchmarks. @type {import("./set-up.mjs").Step[]} */
export const registryTools = Object.entries(sources).map(([tool, source]) =>
  goProgram(tool, source, {
    title: "to compare with (go install; once)",
    without: `the figures that ${tool} is compared in are missing`,
  }),
);
