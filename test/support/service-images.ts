import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, cpSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { s3ServerPath } from "#standalone/setup/s3-servers.mjs";
import { temporaryFolder } from "./temporary-folder.ts";
import { whenDone } from "./when-done.ts";

const execute = promisify(execFile);
const checkout = fileURLToPath(new URL("../../", import.meta.url));
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** Tags of images in the engine of this run, once they are made. */
export interface ServiceImages {
  tags: Record<"service" | "postgres" | "redis" | "registry" | "s3", string>;
  make(): Promise<void>;
}

/** Why the images cannot be made here; null where they can. */
export async function whyNoImages(): Promise<string | null> {
  if (process.getuid?.() !== 0) return "only root can lay out a Debian base";
  if (!existsSync(s3ServerPath("minio"))) return "MinIO is not there: the set-up says why";
  const client = await buildClient();
  return client === null ? "no docker client here can build by BuildKit" : null;
}

/** The service's image by docker/Dockerfile, and stand-ins for the public images beside it, on a Debian base of this
 *  machine's own making. `npmrc` is what the build is given to reach the npm registry. For use in a `describe`: all are
 *  removed when it ends; the engine's build cache keeps npm's downloads. */
export function serviceImages(npmrc: () => Promise<string>): ServiceImages {
  const prefix = `slipway-test-${randomBytes(4).toString("hex")}`;
  const tag = (name: string): string => `${prefix}/${name}:test`;
  const parts = ["postgres", "redis", "registry", "s3"];
  const folder = temporaryFolder();
  whenDone(async () => {
    for (const name of ["service", ...parts, "node", "debian"])
      await execute("docker", ["rmi", "--force", tag(name)]).catch(() => {}); // it was not made
  });
  return {
    tags: {
      service: tag("service"),
      postgres: tag("postgres"),
      redis: tag("redis"),
      registry: tag("registry"),
      s3: tag("s3"),
    },
    async make() {
      const npmrcFile = join(folder, "npmrc");
      writeFileSync(npmrcFile, await npmrc());
      const layOut = `mmdebstrap --quiet --variant=minbase bookworm - | docker import - ${tag("debian")}`;
      await execute("bash", ["-o", "pipefail", "-c", layOut]);
      const build = buildWith(await buildClient(), [
        ...["--build-arg", `DEBIAN_BASE=${tag("debian")}`, "--build-arg", `NODE_BASE=${tag("node")}`],
        ...(existsSync(certificates) ? ["--secret", `id=ca,src=${certificates}`] : []),
        ...["--secret", `id=npmrc,src=${npmrcFile}`],
      ]);
      await fillContext(folder);
      const make = (name: string) => build(folder, "parts.Dockerfile", ["--target", name, "--tag", tag(name)]);
      await make("node");
      const makeParts = async () => {
        for (const name of parts) await make(name);
      };
      await Promise.all([makeParts(), build(checkout, "docker/Dockerfile", ["--tag", tag("service")])]);
    },
  };
}

/** The programs of this machine that the stand-ins are made of. */
async function fillContext(folder: string): Promise<void> {
  cpSync(join(checkout, "test/support/compose"), folder, { recursive: true });
  copyFileSync(process.execPath, join(folder, "node"));
  copyFileSync(s3ServerPath("minio"), join(folder, "minio"));
  const { stdout } = await execute("npm", ["root", "--global"]);
  cpSync(join(stdout.trim(), "npm"), join(folder, "npm"), { recursive: true });
}

/** A client without buildx cannot build by BuildKit; Debian's has it built in, and may stand behind another on the path. */
async function buildClient(): Promise<string | null> {
  for (const client of ["docker", "/usr/bin/docker"]) {
    const works = await execute(client, ["build", "--help"], { env: { ...process.env, DOCKER_BUILDKIT: "1" } }).then(
      ({ stdout }) => stdout.includes("--secret"),
      () => false,
    );
    if (works) return client;
  }
  return null;
}

function buildWith(client: string | null, shared: readonly string[]) {
  return async (context: string, dockerfile: string, args: readonly string[]): Promise<void> => {
    if (client === null) throw new Error("no docker client here can build by BuildKit");
    await execute(
      client,
      ["build", "--progress=plain", "--file", join(context, dockerfile), ...shared, ...args, context],
      {
        env: { ...process.env, DOCKER_BUILDKIT: "1" },
        maxBuffer: 64 * 1024 ** 2,
      },
    );
  };
}
