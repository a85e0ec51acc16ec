import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";
import { uvPath } from "./uv.mjs";

export const project = join(root, "docker/runtime/pyproject.toml");

/** A virtual environment with the Python runtime, its test tools, the frameworks of test/models, and clients of the API and
 *  of what its images serve that users have, as they are. */
const usual = environment({
  name: "Python tests",
  title: "Python environment for the tests of docker/runtime",
  folder: "runtime-tests",
  packages: ["docker/runtime[dev]", "tuspy==1.1.0", "tritonclient[http]==2.73.0"],
});

/** The same with Keras, JAX and TensorFlow: 1.6 GB. */
const slow = environment({
  name: "slow Python tests",
  title: "Keras, JAX and TensorFlow for the slow tests of docker/runtime",
  folder: "runtime-tests-slow",
  packages: ["docker/runtime[slow]"],
  without: "the tests of Keras and SavedModel are skipped",
});

export const [pythonTests, pythonOfTests] = [usual.step, usual.python];
export const [slowPythonTests, pythonOfSlowTests] = [slow.step, slow.python];

function environment({ name, title, folder: folderName, packages, without }) {
  const folder = join(root, ".slipway-tools", folderName);
  const stamp = join(folder, "made-from.sha256");
  const fingerprint = () => fingerprintOf(packages);
  return {
    python: join(folder, "bin/python"),
    step: {
      name,
      title,
      without,
      inPlace: () => existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint(),
      async act() {
        const otherwise = "uv could not make the Python environment. Is PyPI reachable from here?";
        rmSync(folder, { recursive: true, force: true });
        await run(uvPath, ["venv", "--quiet", folder], { otherwise });
        const [runtime, ...others] = packages;
        await run(uvPath, ["pip", "install", "--quiet", "--python", folder, "-e", runtime, ...others], { otherwise });
        writeFileSync(stamp, fingerprint());
      },
    },
  };
}

/** Of what a folder is made from. */
export function fingerprintOf(packages) {
  return createHash("sha256").update(readFileSync(project)).update(packages.join("\n")).digest("hex");
}
