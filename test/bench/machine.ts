import { cpus, totalmem } from "node:os";
import { commandOutput } from "./command.ts";

/** What the figures depend on: processor, memory, and the versions of what is compared. */
export async function describeMachine(): Promise<string> {
  const [cpu] = cpus();
  const version = (command: string, ...args: string[]) =>
    commandOutput(command, args).then(
      (text) => text.split("\n", 1)[0] ?? "",
      () => `no ${command}`,
    );
  const tools = [
    version("curl", "--version").then((line) => line.split(" ").slice(0, 2).join(" ")),
    version("docker-registry", "--version"),
    version("docker", "version", "--format", "Docker {{.Client.Version}}, engine {{.Server.Version}}"),
  ];
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  return [
    `${cpus().length} × ${cpu?.model ?? "unknown"}`,
    memory,
    `Node ${process.versions.node}`,
    ...(await Promise.all(tools)),
  ].join(", ");
}
