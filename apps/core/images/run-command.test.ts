import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type Command, runCommand } from "./run-command.ts";

const environment = { PATH: process.env["PATH"] ?? "" };
const patience = { timeout: 45_000 };

function shell(script: string, more: Partial<Command> = {}): Command {
  return {
    file: "sh",
    args: ["-c", script],
    environment,
    signal: new AbortController().signal,
    limitMs: 60_000,
    ...more,
  };
}

function isAlive(pid: number): boolean {
  try {
    // A child that ended and was not waited for is a zombie, which counts as gone.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("running a program", () => {
  it("returns its output and exit code, whatever the code is", async () => {
    expect(await runCommand(shell("echo out; echo err >&2; exit 3"))).toEqual({
      exitCode: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
  });

  it("gives it the environment named and nothing of our own", async () => {
    process.env["SLIPWAY_TEST_SECRET"] = "hunter2";
    try {
      const { stdout } = await runCommand(shell("env", { environment: { ...environment, SHOWN: "yes" } }));
      expect(stdout).toContain("SHOWN=yes");
      expect(stdout).not.toContain("hunter2");
    } finally {
      delete process.env["SLIPWAY_TEST_SECRET"];
    }
  });

  it("keeps the output of a program that has ended before anybody reads it", async () => {
    let read = "";
    const { exitCode } = await runCommand(
      shell("head -c 50000 /dev/zero | tr '\\0' x", {
        async consume(stdout) {
          await sleep(500); // what reads it may have to ask the file system first
          read = await text(stdout);
        },
      }),
    );
    expect(exitCode).toBe(0);
    expect(read).toBe("x".repeat(50_000));
  });

  it("says so where the program is not there", async () => {
    await expect(runCommand({ ...shell(""), file: "no-such-program" })).rejects.toThrow(
      "no-such-program is not installed, or not where the settings say",
    );
  });

  it("ends it with all its children when the signal aborts, and throws the signal's reason", async () => {
    const abort = new AbortController();
    let pid = 0;
    const running = runCommand(
      shell("sleep 300 & echo $!; wait", {
        signal: abort.signal,
        consume: async (stdout) => {
          for await (const chunk of stdout) {
            pid = Number(String(chunk).trim());
            abort.abort(new Error("cancelled"));
          }
        },
      }),
    );
    await expect(running).rejects.toThrow("cancelled");
    expect(pid).toBeGreaterThan(0);
    await vi.waitUntil(() => !isAlive(pid), patience); // it was ended; whoever inherits it collects it when there is time
  });

  it("kills what does not end when it is asked to", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("cancelled")), 200);
    const startedAt = performance.now();
    await expect(
      runCommand(shell("trap '' TERM; while :; do sleep 1; done", { signal: abort.signal })),
    ).rejects.toThrow("cancelled");
    expect(performance.now() - startedAt).toBeLessThan(40_000);
  });

  it("stops it when its time is over", async () => {
    await expect(runCommand(shell("sleep 30", { limitMs: 100 }))).rejects.toThrow("sh was stopped after 0.1 s");
  });

  it.each([
    ["at once", 0],
    ["when more of it has come than is kept", 300],
  ])("ends it when whoever takes its output cannot go on, %s", async (_, afterMs) => {
    const running = runCommand(
      shell("yes", {
        consume: async () => {
          await sleep(afterMs);
          throw new Error("disk full");
        },
      }),
    );
    await expect(running).rejects.toThrow("disk full");
  });

  it("hands its output on as it comes", async () => {
    let taken = "";
    await runCommand(
      shell("echo streamed", {
        consume: async (stdout) => {
          taken = await text(stdout);
        },
      }),
    );
    expect(taken).toBe("streamed\n");
  });

  it("takes what it left in its group with it, and does not wait for that", async () => {
    const startedAt = performance.now();
    const { stdout } = await runCommand(shell("sleep 300 & echo $!"));
    const pid = Number(stdout);
    expect(pid).toBeGreaterThan(0);
    expect(performance.now() - startedAt).toBeLessThan(40_000);
    await vi.waitUntil(() => !isAlive(pid), patience);
  });

  it("does not outlive the process that runs it, even where that is killed", async () => {
    const source = `
      import { runCommand } from "${new URL("./run-command.ts", import.meta.url).href}";
      const consume = async (stdout) => { for await (const chunk of stdout) process.stdout.write(chunk); };
      await runCommand({ file: "sh", args: ["-c", "trap '' TERM; sleep 300 & echo $$ $!; wait"], consume,
        environment: process.env, limitMs: 60_000, signal: new AbortController().signal });`;
    const runner = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(runner.stdout, "data")) as [Buffer];
    const pids = line.toString().trim().split(" ").map(Number);
    expect(pids.map(isAlive)).toEqual([true, true]);
    runner.kill("SIGKILL");
    await vi.waitUntil(() => pids.every((pid) => !isAlive(pid)), patience);
  });

  it("leaves behind what holds its output open outside the group", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("cancelled")), 200);
    const startedAt = performance.now();
    await expect(runCommand(shell("setsid sleep 50", { signal: abort.signal }))).rejects.toThrow("cancelled");
    expect(performance.now() - startedAt).toBeLessThan(40_000);
  });

  it("gives up on a program that it may not signal, and throws nowhere else", async () => {
    const kill = vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    });
    try {
      const running = runCommand(shell("sleep 12", { limitMs: 100 }));
      await expect(running).rejects.toThrow("sh was stopped after 0.1 s");
      expect(kill.mock.calls.map(([, signal]) => signal)).toEqual(["SIGTERM", "SIGKILL"]);
    } finally {
      kill.mockRestore();
    }
  });

  it("is not started for a signal that is aborted already", async () => {
    await expect(
      runCommand(shell("touch /nonexistent/x", { signal: AbortSignal.abort(new Error("cancelled")) })),
    ).rejects.toThrow("cancelled");
    await sleep(1);
  });
});
