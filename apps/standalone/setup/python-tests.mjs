import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";
import { uvPath } from "./uv.mjs";

export const project = join(root, "docker/runtime/pyproject.toml");

/** A virtual environment with the Python runtime, our Python client, their test tools, the frameworks of test/models, and
 *  clients of the API and of what its images serve that users have, as they are. */
const usual = environment({
  name: "Python tests",
  title: "Python environment for the tests of docker/runtime and apps/python-client",
  folder: "runtime-tests",
  own: ["docker/runtime[dev]", "apps/python-client[dev]"],
  packages: ["tuspy==1.1.0", "tritonclient[http]==2.73.0"],
});

/** The same with Keras, JAX and TensorFlow: 1.6 GB. */
const slow = environment({
  name: "slow Python tests",
  title: "Keras, JAX and TensorFlow for the slow tests of docker/runtime",
  folder: "runtime-tests-slow",
  own: ["docker/runtime[slow]"],
  packages: [],
  without: "the tests of Keras and SavedModel are skipped",
});

export const [pythonTests, pythonOfTests] = [usual.step, usual.python];
export const [slowPythonTests, pythonOfSlowTests] = [slow.step, slow.python];

/** `own` are installed as they stand here, so that a change is seen at once. */
function environment({ name, title, folder: folderName, own, packages, without }) {
  const folder = join(root, ".slipway-tools", folderName);
  const stamp = join(folder, "made-from.sha256");
  const projects = own.map((place) => join(root, place.replace(/\[.*/, ""), "pyproject.toml"));
  const fingerprint = () => fingerprintOf([...own, ...packages], projects);
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
        const wanted = [...own.flatMap((place) => ["-e", place]), ...packages];
        await run(uvPath, ["pip", "install", "--quiet", "--python", folder, ...wanted], { otherwise });
        writeFileSync(stamp, fingerprint());
      },
    },
  };
}

/** Of what a folder is made from. */
export function fingerprintOf(packages, projects = [project]) {
  const hash = createHash("sha256");
  for (const file of projects) hash.update(readFileSync(file));
  return hash.update(packages.join("\n")).digest("hex");
}
