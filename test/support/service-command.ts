import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { environmentOf } from "./service-processes.ts";
import type { TestService } from "./test-service.ts";
import { whenDone } from "./when-done.ts";

/** Runs a command of Slipway on the parts of a test service, as a process of its own, to its end. */
export async function serviceCommand(
  service: TestService,
  program: Parameters<typeof programPath>[0],
  args: readonly string[] = [],
  settings: Record<string, string> = {},
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [programPath(program), ...args], {
    env: environmentOf(service, settings),
    stdio: ["ignore", "pipe", "pipe"],
  });
  whenDone(() => child.kill("SIGKILL"));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [code, output, errors] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, output, errors };
}
