import { expect, it } from "vitest";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { startChild } from "./child.ts";
import { keepRunning } from "./keep-running.ts";
import { openLedger } from "./ledger.ts";
import type { Voice } from "./voice.ts";

function listening(): { voice: Voice; heard: string[] } {
  const heard: string[] = [];
  const hear = (sentence: string) => void heard.push(sentence);
  return { heard, voice: { say: hear, warn: hear, fail: hear, passOn: () => {}, ready: () => {} } };
}

it("starts a part again until it runs, and no more once it is stopped", async () => {
  const ledger = openLedger(`${temporaryFolder()}/processes.json`);
  const { voice, heard } = listening();
  let starts = 0;
  const kept = await keepRunning(async () => {
    starts += 1;
    if (starts === 2) throw new Error("the port is still taken");
    const script = starts === 1 ? "exit 7" : "sleep 300";
    return startChild({ name: "redis", command: "sh", args: ["-c", script], stopSignal: "SIGTERM" }, { ledger });
  }, voice);
  await expect
    .poll(() => heard)
    .toEqual([
      "redis ended with code 7; it is started again in 0.5 s",
      "redis could not be started again: the port is still taken",
      "redis runs again",
    ]);
  await kept.stop(1_000);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(starts).toBe(3);
});

it("fails when the first start does", async () => {
  const { voice } = listening();
  await expect(keepRunning(() => Promise.reject(new Error("no")), voice)).rejects.toThrow("no");
});
