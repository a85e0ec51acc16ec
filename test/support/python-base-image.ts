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
 *  `describe` ends. It holds this machine's certificate authorities and goes nowhere. */
export async function pythonBaseImage({ docker }: DockerEngine): Promise<string> {
  const folder = temporaryFolder();
  const archive = join(folder, "base.tar");
  const image = `slipway-test-python:${process.pid}-${Date.now()}`;
  await run("mmdebstrap", ["--quiet", "--variant=extract", `--include=${packages.join(",")}`, "bookworm", archive], {
    timeout: 200_000,
  });
  if (existsSync(authorities)) {
    mkdirSync(join(folder, "root/etc/ssl/certs"), { recursive: true });
    copyFileSync(authorities, join(folder, "root", authorities));
    await run("tar", ["--append", "--file", archive, "--directory", join(folder, "root"), `.${authorities}`]);
  }
  await docker("import", "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", archive, image);
  whenDone(async () => void (await docker("image", "rm", "--force", image)));
  return image;
}
