import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DockerEngine } from "./docker-engine.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { whenDone } from "./when-done.ts";

const run = promisify(execFile);
const packages = ["python3-minimal", "libpython3-stdlib", "python3-pip", "coreutils", "base-files", "netbase"];
const authorities = "/etc/ssl/certs/ca-certificates.crt";

/** An image with Python and pip from Debian's packages, for where no other registry is reachable; removed when the
 *  test ends, with what was built on it and has no name. */
export async function pythonBaseImage({ docker }: DockerEngine): Promise<string> {
  const { image, remove } = await makePythonBase(docker, temporaryFolder());
  whenDone(remove);
  return image;
}

/** It holds this machine's certificate authorities and goes nowhere. */
export async function makePythonBase(
  docker: (...args: string[]) => Promise<unknown>,
  folder: string,
): Promise<{ image: string; remove(): Promise<void> }> {
  const archive = join(folder, "base.tar");
  const name = `${process.pid}-${Date.now()}`;
  const image = `slipway-test-python:${name}`;
  // Every stage that is built on it has its label, and can be found again.
  const label = `dev.slipway.test=${name}`;
  await run("mmdebstrap", ["--quiet", "--variant=extract", `--include=${packages.join(",")}`, "bookworm", archive], {
    timeout: 200_000,
  });
  if (existsSync(authorities)) {
    mkdirSync(join(folder, "root/etc/ssl/certs"), { recursive: true });
    copyFileSync(authorities, join(folder, "root", authorities));
    await run("tar", ["--append", "--file", archive, "--directory", join(folder, "root"), `.${authorities}`]);
  }
  const changes = ["ENV PATH=/usr/local/bin:/usr/bin:/bin", `LABEL ${label}`].flatMap((change) => ["--change", change]);
  await docker("import", ...changes, archive, image);
  return {
    image,
    async remove() {
      await docker("image", "prune", "--force", "--filter", `label=${label}`);
      await docker("image", "rm", "--force", image);
    },
  };
}
