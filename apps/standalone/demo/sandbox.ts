import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { startChild } from "../child.ts";
import { freePort } from "../free-port.ts";
import type { Ledger } from "../ledger.ts";
import { pullImage } from "./pull-image.ts";
import type { RunningImage } from "./running-image.ts";

/** New user, mount and process namespaces, as any user may make them where the kernel lets them. */
const namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child"];
const devices = ["null", "zero", "random", "urandom"];

/** Inside: binds the image's root read-only, with its own /proc and an empty /tmp, then goes on in it as
 *  user 65532 without a capability and with no way to gain one. $1 is the root, $2 the image's PATH, the
 *  rest is the command. */
const enter = `
root=$1 path=$2; shift 2
mount --bind "$root" "$root"
for device in ${devices.join(" ")}; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc" || echo "no /proc in this sandbox"
mount -o remount,bind,ro,nosuid,nodev "$root"
setpriv=$(command -v setpriv) unshare=$(command -v unshare)
export PATH="$path"
exec "$setpriv" --no-new-privs "$unshare" --user --map-user=65532 --map-group=65532 --root="$root" --wd=/opt/model "$@"
`;

export function canSandbox(): boolean {
  const probe = [...namespaces, "sh", "-ec", "mount -t tmpfs tmpfs /tmp; command -v setpriv"];
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
      args: [...namespaces, "sh", "-ec", enter, "sh", folder, environment["PATH"] ?? "", ...command],
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
