import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";
import { type Child, startChild } from "./child.ts";
import { endOrphans, openLedger } from "./ledger.ts";

/** Starts a shell that is recorded in `path`, as a supervisor does; it runs when this resolves. */
async function recorded(path: string, name: string, script: string): Promise<Child> {
  const args = ["-c", `${script}; echo running; while :; do sleep 1; done`];
  const child = await startChild({ name, command: "sh", args, stopSignal: "SIGTERM" }, { ledger: openLedger(path) });
  whenDone(() => child.kill());
  await child.line(/running/, 5_000);
  return child;
}

it("ends what a killed supervisor left running", async () => {
  const path = `${temporaryFolder()}/processes.json`;
  const child = await recorded(path, "worker", ":");
  expect(await endOrphans(path, 2_000)).toEqual(["worker"]);
  expect(await child.exited).toEqual({ code: null, signal: "SIGTERM" });
});

it("kills what does not end when asked", async () => {
  const path = `${temporaryFolder()}/processes.json`;
  const child = await recorded(path, "stubborn", "trap '' TERM");
  expect(await endOrphans(path, 100)).toEqual(["stubborn"]);
  expect((await child.exited).signal).toBe("SIGKILL");
});

it("leaves a process alone that has the pid of an earlier one", async () => {
  const folder = temporaryFolder();
  const child = await recorded(`${folder}/processes.json`, "other", ":");
  const [entry] = JSON.parse(readFileSync(`${folder}/processes.json`, "utf8"));
  writeFileSync(`${folder}/earlier.json`, JSON.stringify([{ ...entry, started: "another boot/1" }]));
  expect(await endOrphans(`${folder}/earlier.json`, 100)).toEqual([]);
  expect(await Promise.race([child.exited, "it lives"])).toBe("it lives");
});

it("forgets what has ended, and leaves no file", async () => {
  const path = `${temporaryFolder()}/processes.json`;
  const child = await recorded(path, "worker", ":");
  await child.stop(2_000);
  expect(existsSync(path)).toBe(false);
  expect(await endOrphans(path, 100)).toEqual([]);
});
