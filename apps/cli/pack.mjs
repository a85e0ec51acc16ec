import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/*
 * npm run pack:cli [-- FOLDER]
 *
 * dist/slipway-cli-<version>.tgz (or FOLDER/…), to be installed with npm install -g: the one file, with nothing that it depends on.
 */
const root = join(import.meta.dirname, "../..");
const target = process.argv[2] ?? join(root, "dist");
const folder = join(target, "slipway-cli");
const { version, license, engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const about = {
  name: "slipway-cli",
  version,
  description: "Push, pull and promote models, in a terminal or a pipeline",
  license,
  engines,
  type: "module",
  bin: { slipway: "slipway.js" },
};
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "package.json"), `${JSON.stringify(about, null, 2)}\n`);
copyFileSync(join(root, "dist/slipway.js"), join(folder, "slipway.js"));
copyFileSync(join(root, "docs/cli.md"), join(folder, "README.md"));
copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
// Of one version alone: it is installed by a pattern.
for (const name of readdirSync(target)) if (/^slipway-cli-.*\.tgz$/.test(name)) rmSync(join(target, name));
execFileSync("npm", ["pack", "--silent", "--pack-destination", target], { cwd: folder, stdio: "inherit" });
