import type { Fault } from "#core/errors.ts";
import { hasFile, type PackageReader } from "./package-reader.ts";
import { runnable } from "./platforms.ts";
import { type Declared, slipwayYaml } from "./slipway-yaml.ts";

/** The one file that `build: dockerfile` builds. */
export const ownDockerfile = "Dockerfile";

/** What does not go together in what a package says of its build. */
export function buildFaults(
  reader: PackageReader,
  { build, serve, systemPackages, platforms }: Pick<Declared, "build" | "serve" | "systemPackages" | "platforms">,
): Fault[] {
  const faults: Fault[] = [];
  const fault = (key: string, message: string): void => {
    faults.push({ where: `${slipwayYaml}: ${key}`, message });
  };
  const foreign = platforms.filter((platform) => platform !== runnable).join(" and ");
  if (foreign !== "" && (build === "dockerfile" || systemPackages.length > 0))
    fault(
      "platforms",
      `takes commands that would have to be run on ${foreign}, and they are run on ${runnable} alone: leave ${foreign} out, or do without ${build === "dockerfile" ? "build: dockerfile" : "system_packages"}`,
    );
  if (build === "assemble") {
    if (serve !== null)
      fault("serve", "goes with build: dockerfile alone: leave it out, and the Slipway runtime serves");
    return faults;
  }
  if (!hasFile(reader, ownDockerfile)) fault("build", `asks for the package's own ${ownDockerfile}, and there is none`);
  if (systemPackages.length > 0) fault("system_packages", `is not for an own ${ownDockerfile}: let that install them`);
  return faults;
}
