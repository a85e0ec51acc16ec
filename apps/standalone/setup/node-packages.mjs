import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";

/** The versions of the lock file, which is left as it is. Not `npm ci`: that refuses a lock file without the
 *  binaries of every other platform, and npm writes such a one where its registry lacks some of them. No
 *  package's own script is run: one of them would download an engine that Slipway does not use, and the links
 *  that embedded Postgres wants are a step of their own. */
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
    await run("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      otherwise: "npm could not install the packages. Is the npm registry reachable from here?",
    });
  },
};
