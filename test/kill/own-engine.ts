import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openLedger } from "#standalone/ledger.ts";
import { engineAnswers, startDockerd, whyNone } from "#test/engine.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";
import { type Mortal, mortal, signalIfThere } from "./process.ts";

/** Why this run has no Docker Engine that it may kill, or null. */
export function whyNoEngineToKill(): string | null {
  return engineAnswers() ? "the Docker Engine that answers here is somebody's: it is not killed" : whyNone();
}

/** A Docker Engine with nobody else's containers in it, stopped when the test, the `describe` or the file that asked for it
 *  ends. */
export async function ownEngine(): Promise<Mortal> {
  const ledger = openLedger(join(temporaryFolder(), "processes.json"));
  const engine = await mortal("engine", () => startDockerd(ledger));
  whenDone(() => engine.stop());
  return {
    ...engine,
    async kill() {
      // Its containerd may outlive it, and would keep the next one from starting.
      const children = childrenOf(engine.pid);
      await engine.kill();
      for (const child of children) signalIfThere(child, "SIGKILL");
    },
  };
}

function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"));
  return lists.flatMap((list) =>
    list
      .split(" ")
      .filter((text) => text !== "")
      .map(Number),
  );
}
