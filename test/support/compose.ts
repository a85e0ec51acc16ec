import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "#standalone/free-port.ts";
import type { ServiceImages } from "./service-images.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { whenDone } from "./when-done.ts";

const execute = promisify(execFile);
const checkout = fileURLToPath(new URL("../../", import.meta.url));

/** The service as docker-compose.yml of this checkout brings it up, under a name and on ports of its own. */
export interface ComposeService {
  url: string;
  project: string;
  /** Where the files of secrets are. */
  secrets: string;
  compose(...args: string[]): Promise<string>;
  /** Ids of a service's containers. */
  containers(service: string): Promise<string[]>;
}

export function composeCommand(): string[] | null {
  const found = [["docker-compose"], ["docker", "compose"]].find(
    ([command = "", ...args]) => spawnSync(command, [...args, "version"], { stdio: "ignore" }).status === 0,
  );
  return found ?? null;
}

/** For use in a `describe`: taken down with its volumes when that ends. */
export async function composeService({ tags }: Pick<ServiceImages, "tags">): Promise<ComposeService> {
  const [command = "", ...words] = composeCommand() ?? [];
  const secrets = temporaryFolder();
  await execute(join(checkout, "docker/make-secrets.sh"), [secrets]);
  const project = `slipway-test-${randomBytes(4).toString("hex")}`;
  const [port, s3Port, registryPort] = [await freePort(), await freePort(), await freePort()];
  // Minutes may pass until it comes up, in which other suites look for ports of their own.
  const held = [port, s3Port, registryPort].map((one) => createServer().listen(one, "127.0.0.1").unref());
  const env = {
    ...process.env,
    COMPOSE_PROJECT_NAME: project,
    SLIPWAY_SECRETS: secrets,
    SLIPWAY_IMAGE: tags.service,
    POSTGRES_IMAGE: tags.postgres,
    REDIS_IMAGE: tags.redis,
    REGISTRY_IMAGE: tags.registry,
    S3_IMAGE: tags.s3,
    SLIPWAY_PORT: String(port),
    S3_PORT: String(s3Port),
    REGISTRY_PORT: String(registryPort),
    SLIPWAY_S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${s3Port}`,
  };
  const files = ["docker-compose.yml", "test/support/compose/own-certificates.yml"];
  const compose = async (...args: string[]): Promise<string> => {
    if (args[0] === "up") for (const server of held.splice(0)) await new Promise((resolve) => server.close(resolve));
    const all = [...words, ...files.flatMap((file) => ["--file", file]), ...args];
    const { stdout } = await execute(command, all, { cwd: checkout, env, maxBuffer: 64 * 1024 ** 2 });
    return stdout;
  };
  whenDone(() => compose("down", "--volumes", "--timeout", "10"));
  return {
    url: `http://127.0.0.1:${port}`,
    project,
    secrets,
    compose,
    async containers(service) {
      return (await compose("ps", "--quiet", service)).split("\n").filter((id) => id !== "");
    },
  };
}
