import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type Command, runCommand } from "./run-command.ts";

const environment = { PATH: process.env["PATH"] ?? "" };

function shell(script: string, more: Partial<Command> = {}): Command {
  return {
    file: "sh",
    args: ["-c", script],
    environment,
    signal: new AbortController().signal,
    limitMs: 20_000,
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
    expect(isAlive(pid)).toBe(false);
  });

  it("kills what does not end when it is asked to", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("cancelled")), 200);
    const startedAt = performance.now();
    await expect(
      runCommand(shell("trap '' TERM; while :; do sleep 1; done", { signal: abort.signal })),
    ).rejects.toThrow("cancelled");
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  }, 15_000);

  it("stops it when its time is over", async () => {
    await expect(runCommand(shell("sleep 30", { limitMs: 100 }))).rejects.toThrow("sh was stopped after 0.1 s");
  });

  it("ends it when whoever takes its output cannot go on", async () => {
    const running = runCommand(
      shell("yes", {
        consume: async () => {
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

  it("leaves behind what holds its output open outside the group", async () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("cancelled")), 200);
    const startedAt = performance.now();
    await expect(runCommand(shell("setsid sleep 12", { signal: abort.signal }))).rejects.toThrow("cancelled");
    expect(performance.now() - startedAt).toBeLessThan(9_000);
  }, 15_000);

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
  }, 15_000);

  it("is not started for a signal that is aborted already", async () => {
    await expect(
      runCommand(shell("touch /nonexistent/x", { signal: AbortSignal.abort(new Error("cancelled")) })),
    ).rejects.toThrow("cancelled");
    await sleep(1);
  });
});
