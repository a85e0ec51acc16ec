import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";
import { uvPath } from "./uv.mjs";

const project = join(root, "docker/runtime/pyproject.toml");
const folder = join(root, ".slipway-tools/runtime-tests");
const stamp = join(folder, "made-from.sha256");

/** Clients that users have, as they are. */
const clients = ["tuspy==1.1.0", "mlflow-skinny==3.17.2", "tritonclient[http]==2.73.0"];

export const pythonOfTests = join(folder, "bin/python");

/** A virtual environment with the Python runtime, its test tools, the frameworks of test/models, and clients of the
 *  API and of what its images serve. */
export const pythonTests = {
  name: "Python tests",
  title: "Python environment for the tests of docker/runtime",
  inPlace: () => existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint(),
  async act() {
    const otherwise = "uv could not make the Python environment. Is PyPI reachable from here?";
    rmSync(folder, { recursive: true, force: true });
    await run(uvPath, ["venv", "--quiet", folder], { otherwise });
    await run(uvPath, ["pip", "install", "--quiet", "--python", folder, "-e", "docker/runtime[dev]", ...clients], {
      otherwise,
    });
    writeFileSync(stamp, fingerprint());
  },
};

function fingerprint() {
  return createHash("sha256").update(readFileSync(project)).update(clients.join("\n")).digest("hex");
}
