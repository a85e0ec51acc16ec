import { accessSync, constants, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, SetUpError, works } from "./run-command.mjs";

/** The program that shows that a package is there, and what its service is called. */
const packages = {
  "redis-server": { program: "redis-server", service: "redis-server" },
  "docker-registry": { program: "docker-registry", service: "docker-registry" },
  mmdebstrap: { program: "mmdebstrap", service: null },
  "docker.io": { program: "dockerd", service: "docker" },
  "docker-compose": { program: "docker-compose", service: null },
  chromium: { program: "chromium", service: null },
  "python3-pip": { program: "pip3", service: null },
  curl: { program: "curl", service: null },
  "postgresql-contrib": { program: "pgbench", service: "postgresql" },
};

/**
 * Installs what is missing, where that is ours to do: on Debian and Ubuntu as root.
 * @param {(keyof typeof packages)[]} wanted
 * @param {{ name: string, without: string }} options
 * @returns {import("./set-up.mjs").Step}
 */
export function debianPackages(wanted, { name, without }) {
  const missing = wanted.filter((wantedName) => !isOnPath(packages[wantedName].program));
  return {
    name,
    title: `Debian packages ${missing.join(", ")} (apt-get install)`,
    without,
    inPlace: () => missing.length === 0,
    async act() {
      if (!isOnPath("apt-get"))
        throw new SetUpError(`Not found on this machine: ${missing.join(", ")}. Install them by its package manager.`);
      if (process.getuid() !== 0)
        throw new SetUpError(
          `Not found on this machine. Run:  sudo apt-get install --no-install-recommends ${missing.join(" ")}`,
        );
      await withoutServices(() => install(missing));
      disableServices(missing);
    },
  };
}

async function install(names) {
  const args = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...names];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const unreachable = "Are the Debian archives reachable from here?";
  try {
    await run("apt-get", args, { otherwise: "", env });
  } catch {
    // The package lists are missing or older than the archive.
    await run("apt-get", ["update"], { otherwise: `apt-get update failed. ${unreachable}` });
    await run("apt-get", args, { otherwise: `apt-get could not install ${names.join(", ")}. ${unreachable}`, env });
  }
}

/** Debian starts the service of what it installs, unless policy-rc.d says no (invoke-rc.d(8)). */
async function withoutServices(act) {
  const policy = "/usr/sbin/policy-rc.d";
  const aside = `${policy}.before-slipway`;
  if (existsSync(policy) && !existsSync(aside)) renameSync(policy, aside);
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  const putBackFirst = () => {}; // a Ctrl-C ends apt-get, and then us
  process.on("SIGINT", putBackFirst);
  try {
    await act();
  } finally {
    process.off("SIGINT", putBackFirst);
    rmSync(policy);
    if (existsSync(aside)) renameSync(aside, policy);
  }
}

/** Slipway starts these programs itself: nothing is to come up at the next boot. */
function disableServices(names) {
  const services = names.flatMap((name) => packages[name].service ?? []);
  if (services.length > 0 && isOnPath("systemctl")) works("systemctl", ["disable", ...services]);
}

function isOnPath(program) {
  return `${process.env.PATH}:/usr/sbin:/sbin`.split(":").some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
