import { describe, expect, it } from "vitest";
import { labelInstruction, marked, newRun } from "./labels.ts";
import { readDockerfile } from "./read-dockerfile.ts";

describe("the labels of a run", () => {
  it("are the last word in each stage, whatever the Dockerfile says itself", () => {
    const run = newRun(1_000);
    const own = labelInstruction(run);
    const text = "ARG V=1\nFROM python AS a\nENV K=x\nlabel \\\n  $K=1 b=2\nFROM a\nRUN true";
    expect(marked(text, readDockerfile(text), run)).toBe(
      `ARG V=1\nFROM python AS a\n${own}\nENV K=x\nlabel \\\n  $K=1 b=2\n${own}\nFROM a\n${own}\nRUN true`,
    );
  });

  it("last longer than what they mark", () => {
    expect(newRun(60_000).untilMs - Date.now()).toBeGreaterThan(60_000 + 299_000);
  });
});
