import type { PackageSpec } from "#core/packaging/package-spec.ts";
import type { ChosenBuilder } from "./image-builder.ts";

export const nothingRuns = "everything it needs comes as wheels, so nothing has to run";
export const ownDockerfileRuns = "slipway.yaml says build: dockerfile, so the package's own Dockerfile is built";

/** Which builder a package will take, as far as the package itself tells; requirements without wheels show later. */
export function expectedBuilder(spec: Pick<PackageSpec, "build" | "systemPackages"> | null): ChosenBuilder {
  const { build, systemPackages } = spec ?? { build: "assemble", systemPackages: [] };
  if (build === "dockerfile") return { name: "engine", why: ownDockerfileRuns };
  if (systemPackages.length > 0)
    return { name: "engine", why: `the system packages ${systemPackages.join(", ")} are installed by commands` };
  return { name: "assembler", why: nothingRuns };
}
