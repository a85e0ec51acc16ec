import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { whenDone } from "./when-done.ts";

const programs = ["/bin/sh", "/bin/sleep", "/usr/bin/yes", "/bin/dd", "/bin/cat", "/usr/bin/head", "/usr/bin/tail"];
const libraries = ["/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"];

/** This machine's shell and a few tools, as small an image as can run a step; its name in the engine. `changes` are lines of
 *  a Dockerfile. */
export function shellImage(...changes: string[]): string {
  const tag = `slipway-test-shell:${randomBytes(4).toString("hex")}`;
  const options = changes.map((change) => `--change '${change}'`).join(" ");
  const pipe = `tar -chf - ${[...programs, ...libraries].join(" ")} 2>/dev/null | docker import ${options} - ${tag}`;
  execFileSync("/bin/sh", ["-c", pipe], { stdio: "ignore" });
  whenDone(async () => void execFileSync("docker", ["rmi", "--force", tag], { stdio: "ignore" }));
  return tag;
}
