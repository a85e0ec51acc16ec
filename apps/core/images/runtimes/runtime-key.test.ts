import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { normaliseRequirements, type RuntimeInputs, runtimeKey } from "./runtime-key.ts";

const inputs: RuntimeInputs = {
  base: digestOf("base"),
  platform: "linux/amd64",
  python: "3.11",
  source: digestOf("source"),
  dependencies: { requirements: ["numpy>=2", "fastapi"] },
};

describe("a runtime's key", () => {
  it("does not depend on order, blanks or repetition of requirements", () => {
    const same = { requirements: ["fastapi", " numpy>=2 ", "", "fastapi"] };
    expect(runtimeKey({ ...inputs, dependencies: same })).toBe(runtimeKey(inputs));
  });

  it("changes with each of its inputs", () => {
    const others: RuntimeInputs[] = [
      { ...inputs, base: digestOf("other") },
      { ...inputs, platform: "linux/arm64" },
      { ...inputs, python: "3.12" },
      { ...inputs, source: digestOf("other") },
      { ...inputs, dependencies: { requirements: ["numpy>=3", "fastapi"] } },
      { ...inputs, dependencies: { requirements: ["numpy>=2", "fastapi"], constraints: ["scipy<2"] } },
      { ...inputs, dependencies: { locked: [] } },
      {
        ...inputs,
        dependencies: {
          locked: [{ name: "numpy", version: "2", wheel: "numpy-2-py3-none-any.whl", sha256: "0".repeat(64) }],
        },
      },
    ];
    expect(new Set([inputs, ...others].map(runtimeKey)).size).toBe(others.length + 1);
  });
});

it("normalises requirements to one sorted line each", () => {
  expect(normaliseRequirements(["b  >= 1", "a", "b >= 1"])).toEqual(["a", "b >= 1"]);
});
