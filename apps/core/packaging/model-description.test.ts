import { expect, it } from "vitest";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { modelDescription } from "./model-description.ts";
import { specOf } from "./testing/package-of.ts";

it("names no type to the runtime that a request could not have", async () => {
  const spec = await specOf({ "model.onnx": fixture("maps.onnx") });
  expect(spec.signature?.outputs[0]?.type).toBe("seq(map(int64,tensor(float32)))");
  const described = modelDescription({ model: "m", version: "1.0.0", contentDigest: "sha256:0", spec, metadata: {} });
  expect(JSON.parse(described.toString()).signature).toMatchObject({
    inputs: [{ type: "float32" }],
    outputs: [{ name: "scores", type: "any" }],
  });
});
