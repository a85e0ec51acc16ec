import { runSequencer } from "#core/audit/run-sequencer.ts";
import type { OnNumbered } from "#core/events/number-events.ts";
import type { Registry } from "#core/registry.ts";
import { makeBell } from "#core/work/bell.ts";
import { hearChanges } from "#core/work/queue.ts";
import { whenDone } from "./when-done.ts";

/** A sequencer in this process, as a worker runs it, ended with the file or `describe`. */
export function testSequencer(
  registry: Pick<Registry, "db" | "log" | "config">,
  onNumbered: OnNumbered = async () => {},
  afterNumbered: () => void = () => {},
  sweepMs?: number,
): void {
  const ending = new AbortController();
  const bell = makeBell();
  const deaf = hearChanges(registry.config.queue, bell.ring);
  const running = runSequencer(
    registry,
    { bell, onNumbered, afterNumbered, ...(sweepMs === undefined ? {} : { sweepMs }) },
    ending.signal,
  );
  whenDone(async () => {
    ending.abort();
    deaf();
    await running;
  });
}
