import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";

/** `npm ci` as the lock file says. No package's own script is run: one of them would download an engine
 *  that Slipway does not use, and the links that embedded Postgres wants are a step of their own. */
export const nodePackages = {
  name: "npm packages",
  title: "npm packages by package-lock.json",
  inPlace() {
    const installed = join(root, "node_modules/.package-lock.json");
    if (!existsSync(installed)) return false;
    const [wanted, found] = [join(root, "package-lock.json"), installed].map(
      (path) => JSON.parse(readFileSync(path, "utf8")).packages,
    );
    // Optional packages are there only where they fit the platform.
    return Object.entries(wanted).every(
      ([path, entry]) => path === "" || entry.optional || found[path]?.version === entry.version,
    );
  },
  async act() {
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      otherwise: "npm could not install the packages. Is the npm registry reachable from here?",
    });
  },
};
