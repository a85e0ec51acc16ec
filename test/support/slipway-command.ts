import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { commandPath } from "#standalone/setup/service-programs.mjs";
import { predictorPackage } from "./sealed.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { whenDone } from "./when-done.ts";

export interface Ended {
  code: number | null;
  out: string;
  errors: string;
}

interface Running {
  interrupt(): void;
  kill(): void;
  /** Resolves when it has said that, on either stream. */
  says(words: string): Promise<void>;
  ended: Promise<Ended>;
}

/** The bundled `slipway`, as a process of its own with nothing of the environment that it could know a service by. */
export function slipwayCommand(settings: Record<string, string>) {
  const home = temporaryFolder();
  const start = (args: string[], more: Record<string, string> = {}, input = ""): Running => {
    const env = { PATH: process.env["PATH"], HOME: home, XDG_CONFIG_HOME: join(home, "config"), ...settings, ...more };
    const child = spawn(process.execPath, [commandPath, ...args], { env, cwd: home });
    whenDone(() => child.kill("SIGKILL"));
    child.stdin.end(input);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    let isOver = false;
    const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
    exited.then(() => {
      isOver = true;
    });
    return {
      interrupt: () => child.kill("SIGINT"),
      kill: () => child.kill("SIGKILL"),
      async says(words) {
        while (!said.includes(words)) {
          if (isOver) throw new Error(`it ended without saying "${words}": ${said}`);
          await sleep(10);
        }
      },
      ended: Promise.all([exited, text(child.stdout), text(child.stderr)]).then(([code, out, errors]) => ({
        code,
        out,
        errors,
      })),
    };
  };
  return {
    home,
    start,
    run: (args: string[], more?: Record<string, string>, input?: string) => start(args, more, input).ended,
  };
}

/** A package that every service can serve, in a folder of its own. */
export async function packageFolder(files: Record<string, string | Buffer> = {}): Promise<string> {
  const folder = temporaryFolder();
  for (const [path, content] of Object.entries({ ...predictorPackage, ...files })) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}
