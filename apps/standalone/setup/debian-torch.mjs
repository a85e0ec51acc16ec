import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fingerprintOf, project } from "./python-tests.mjs";
import { root, run, SetUpError } from "./run-command.mjs";
import { uvPath } from "./uv.mjs";

const folder = join(root, ".slipway-tools/debian-torch");
const [tree, site, stamp] = ["tree", "site", "made-from.sha256"].map((name) => join(folder, name));
const suite = "bookworm";
const packages = ["python3-torch", "python3-minimal", "libpython3-stdlib"];
const libraries = [
  "usr/lib/x86_64-linux-gnu/blas",
  "usr/lib/x86_64-linux-gnu/lapack",
  "usr/lib/x86_64-linux-gnu",
  "usr/lib",
  "lib/x86_64-linux-gnu",
]
  .map((name) => join(tree, name))
  .join(":");

/** torch as the images have it that name no other: Debian's, with the Python that it is built for, unpacked beside what the
 *  tests need. Nothing of it is installed on the machine. */
export const debianTorch = {
  name: "torch",
  title: `python3-torch of Debian ${suite}, for the slow tests of docker/runtime`,
  without: "the tests of TorchScript are skipped",
  inPlace: () => existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprintOf(packages),
  async act() {
    if (process.arch !== "x64") throw new SetUpError("This is unpacked for x86-64 alone.");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const mode = process.getuid() === 0 ? "root" : "chrootless";
    const options = ["--variant=extract", `--mode=${mode}`, `--include=${packages.join(",")}`];
    await run("mmdebstrap", [...options, suite, tree], {
      otherwise: "mmdebstrap could not fetch Debian's python3-torch.",
    });
    const version = debianPython().replace("python", "");
    const wanted = ["--target", site, "--python-version", version, "--only-binary", ":all:"];
    await run(uvPath, ["pip", "install", "--quiet", ...wanted, "-r", project, "--extra", "slow-torch"], {
      otherwise: "uv could not install the test tools. Is PyPI reachable from here?",
    });
    writeFileSync(stamp, fingerprintOf(packages));
  },
};

/** The command, arguments and variables that run the tree's own Python, with its own C library. */
export function pythonWithTorch() {
  const python = join(tree, "usr/bin", debianPython());
  const path = [site, join(root, "docker/runtime/src"), join(tree, "usr/lib/python3/dist-packages")];
  return {
    command: join(tree, "lib64/ld-linux-x86-64.so.2"),
    args: ["--library-path", libraries, python],
    env: { PYTHONHOME: join(tree, "usr"), PYTHONPATH: path.join(":"), PYTHONDONTWRITEBYTECODE: "1" },
  };
}

function debianPython() {
  return readdirSync(join(tree, "usr/bin")).find((name) => /^python3\.\d+$/.test(name));
}
