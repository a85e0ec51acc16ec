import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { startChild } from "../child.ts";
import { freePort } from "../free-port.ts";
import type { Ledger } from "../ledger.ts";
import { pullImage } from "./pull-image.ts";
import type { RunningImage } from "./running-image.ts";

const devices = ["null", "zero", "random", "urandom"];

/** How to get away from the machine's own mounts and processes, and then from every privilege: root becomes
 *  user 65532, anybody else does so in user namespaces, as far as the kernel lets them. */
const isRoot = process.getuid?.() === 0;
const isolation = ["--mount", "--pid", "--fork", "--kill-child", ...(isRoot ? [] : ["--user", "--map-root-user"])];
const plainUser = isRoot ? "--setgid=65532 --setuid=65532" : "--user --map-user=65532 --map-group=65532";
const noGroups = isRoot ? "--clear-groups" : "";

/** Inside: binds the image's root read-only, with a /proc of its own and an empty /tmp, and goes on in it
 *  with no way to gain a privilege. $1 is the root, $2 the image's PATH, the rest is the command. */
const enter = `
root=$1 path=$2; shift 2
mount --bind "$root" "$root"
for device in ${devices.join(" ")}; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc" || echo "no /proc in this sandbox"
mount -o remount,bind,ro,nosuid,nodev "$root"
setpriv=$(command -v setpriv) unshare=$(command -v unshare)
export PATH="$path"
exec "$setpriv" --no-new-privs ${noGroups} "$unshare" ${plainUser} --root="$root" --wd=/opt/model "$@"
`;

export function canSandbox(): boolean {
  const probe = [...isolation, "sh", "-ec", "mount -t tmpfs tmpfs /tmp; command -v setpriv"];
  return process.platform === "linux" && spawnSync("unshare", probe, { stdio: "ignore" }).status === 0;
}

/** Runs an image without a container engine: its layers are pulled and unpacked into `folder`. It shares
 *  the machine's network, so it listens on a free loopback port. */
export async function runInSandbox(
  image: string,
  { folder, ledger }: { folder: string; ledger: Ledger },
): Promise<RunningImage> {
  await rm(folder, { recursive: true, force: true });
  const { config } = await pullImage(image, folder, AbortSignal.timeout(300_000));
  for (const name of ["proc", "tmp", "dev"]) await mkdir(`${folder}/${name}`, { recursive: true });
  for (const device of devices) await writeFile(`${folder}/dev/${device}`, "");

  const port = await freePort();
  const environment = Object.fromEntries(
    (config?.Env ?? []).map((entry) => entry.split(/=(.*)/s, 2) as [string, string]),
  );
  const command = [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])];
  const child = await startChild(
    {
      name: "sandbox",
      command: "unshare",
      args: [...isolation, "sh", "-ec", enter, "sh", folder, environment["PATH"] ?? "", ...command],
      env: { ...environment, PATH: process.env["PATH"], PORT: String(port), HOST: "127.0.0.1" },
      stopSignal: "SIGTERM",
    },
    { ledger },
  );
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => child.lastLines().join("\n"),
    async stop() {
      await child.stop(0);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
