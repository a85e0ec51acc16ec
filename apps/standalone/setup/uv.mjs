import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pythonWithPip } from "./python-with-pip.mjs";
import { root, run, SetUpError } from "./run-command.mjs";

const requirements = "apps/standalone/setup/uv.txt";
const [, version] = /^uv==(\S+)/m.exec(readFileSync(join(root, requirements), "utf8"));
const folder = join(root, ".slipway-tools/uv");

/** Resolves and lays out a model's Python dependencies; one pinned wheel from PyPI. */
export const uvPath = join(folder, "bin/uv");

export const uv = {
  name: "uv",
  title: `uv ${version} from PyPI`,
  without: "images of models with Python dependencies cannot be built",
  inPlace: () => existsSync(join(folder, `uv-${version}.dist-info`)),
  async act() {
    const python = pythonWithPip();
    if (python === undefined)
      throw new SetUpError(
        `No Python 3 with pip was found. Install it (Debian: apt-get install python3-pip), or install uv ${version} and name it in SLIPWAY_UV.`,
      );
    const unfinished = `${folder}.new`;
    rmSync(unfinished, { recursive: true, force: true });
    const args = [
      "--target",
      unfinished,
      "--require-hashes",
      "--no-deps",
      "--only-binary",
      ":all:",
      "-r",
      requirements,
    ];
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...args], {
      otherwise: "pip could not install uv. Is PyPI reachable from here?",
    });
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
  },
};
