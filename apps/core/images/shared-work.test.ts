import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { BuildContext } from "./image-builder.ts";
import { shareWork } from "./shared-work.ts";

function build(): BuildContext & { lines: string[]; cancel(): void } {
  const abort = new AbortController();
  const lines: string[] = [];
  return {
    lines,
    log: (line) => lines.push(line),
    signal: abort.signal,
    cancel: () => abort.abort(new Error("cancelled")),
  };
}

/** Work that says a line, waits to be let go, and notes what became of it. */
function slowWork() {
  const seen = { runs: 0, aborted: 0 };
  let finish = (_: string): void => {};
  const work = async ({ log, signal }: BuildContext): Promise<string> => {
    seen.runs += 1;
    log("started");
    signal.addEventListener("abort", () => {
      seen.aborted += 1;
    });
    return new Promise((resolve, reject) => {
      finish = resolve;
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  };
  return { seen, work, finish: (value: string) => finish(value) };
}

describe("work that several builds need", () => {
  it("is done once, and all see the result and every line, also one who came later", async () => {
    const share = shareWork<string>();
    const slow = slowWork();
    const [first, second] = [build(), build()];
    const one = share("k", first, slow.work);
    await sleep(1);
    const two = share("k", second, slow.work);
    slow.finish("made");
    expect(await Promise.all([one, two])).toEqual(["made", "made"]);
    expect([slow.seen.runs, first.lines, second.lines]).toEqual([1, ["started"], ["started"]]);
  });

  it("goes on when one of two is cancelled, and the other gets it", async () => {
    const share = shareWork<string>();
    const slow = slowWork();
    const [first, second] = [build(), build()];
    const one = share("k", first, slow.work);
    const two = share("k", second, slow.work);
    await sleep(1);
    first.cancel();
    await expect(one).rejects.toThrow("cancelled");
    slow.finish("made");
    expect(await two).toBe("made");
    expect(slow.seen.aborted).toBe(0);
  });

  it("is aborted when the last one is cancelled, and then begins anew for the next", async () => {
    const share = shareWork<string>();
    const slow = slowWork();
    const [first, next] = [build(), build()];
    const one = share("k", first, slow.work);
    await sleep(1);
    first.cancel();
    await expect(one).rejects.toThrow("cancelled");
    expect(slow.seen.aborted).toBe(1);
    const again = share("k", next, slow.work);
    await sleep(1);
    slow.finish("made");
    expect(await again).toBe("made");
    expect(slow.seen.runs).toBe(2);
  });

  it("fails for all who wait, and is tried again by the next", async () => {
    const share = shareWork<string>();
    const failing = async (): Promise<string> => {
      throw new Error("no network");
    };
    const both = [share("k", build(), failing), share("k", build(), failing)];
    for (const result of await Promise.allSettled(both))
      expect(result).toMatchObject({ reason: { message: "no network" } });
    expect(await share("k", build(), async () => "made")).toBe("made");
  });

  it("is not shared between keys, and not begun for a build that is cancelled already", async () => {
    const share = shareWork<string>();
    expect(await Promise.all(["a", "b"].map((key) => share(key, build(), async () => key)))).toEqual(["a", "b"]);
    const cancelled = build();
    cancelled.cancel();
    await expect(share("c", cancelled, async () => "c")).rejects.toThrow("cancelled");
  });
});
