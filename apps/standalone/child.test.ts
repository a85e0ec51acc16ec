import { expect, it } from "vitest";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { type Child, startChild } from "./child.ts";
import { openLedger } from "./ledger.ts";
import { identify } from "./process-identity.ts";

function shell(script: string): Promise<Child> {
  const ledger = openLedger(`${temporaryFolder()}/processes.json`);
  return startChild({ name: "shell", command: "sh", args: ["-c", script], stopSignal: "SIGTERM" }, { ledger });
}

it("says what its last lines were when it ends before it is ready", async () => {
  const child = await shell("echo no such database >&2; exit 3");
  await expect(child.line(/ready/, 5_000)).rejects.toThrow(/^shell ended with code 3\n {4}no such database$/);
});

it("says that it was not ready in time", async () => {
  const child = await shell("sleep 30");
  await expect(child.line(/ready/, 50)).rejects.toThrow("shell was not ready within 0.05 s");
  await child.stop(1_000);
});

it("takes all that it started with it when it is stopped", async () => {
  const child = await shell("sleep 30 & echo $!; wait");
  const grandchild = Number(await child.line(/^\d+$/, 5_000));
  expect(identify(grandchild)).not.toBeNull();
  await child.stop(1_000);
  await expect.poll(() => identify(grandchild)).toBeNull();
});

it("is killed when it does not stop within its grace", async () => {
  const child = await shell("trap '' TERM; echo up; while :; do sleep 1; done");
  await child.line(/up/, 5_000);
  await child.stop(100);
  expect((await child.exited).signal).toBe("SIGKILL");
});

it("fails by name when there is no such program", async () => {
  const ledger = openLedger(`${temporaryFolder()}/processes.json`);
  const program = { name: "redis", command: "no-such-redis-server", args: [], stopSignal: "SIGTERM" as const };
  await expect(startChild(program, { ledger })).rejects.toThrow(/^redis cannot be started \(no-such-redis-server\)/);
});

it("has ended when all that it said is read, and soon where something that it left behind says no more", async () => {
  const said = await shell("seq 15");
  expect(await said.exited).toEqual({ code: 0, signal: null });
  expect(said.lastLines()).toHaveLength(15);
  const held = await shell("sleep 300 & exit 3");
  expect(await held.exited).toEqual({ code: 3, signal: null });
  held.kill();
});
