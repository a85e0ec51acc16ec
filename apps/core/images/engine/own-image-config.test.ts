import { describe, expect, it } from "vitest";
import type { BuildRequest } from "../image-builder.ts";
import type { ExportedImage } from "./export-image.ts";
import { labelInstruction, newRun, runLabel } from "./labels.ts";
import { ownImageConfig } from "./own-image-config.ts";

describe("the configuration of an image that an own Dockerfile gave", () => {
  it("has an entry of history for each layer, and none of ours", () => {
    const step = { created_by: `/bin/sh -c echo ${runLabel}` };
    const made = {
      os: "linux",
      architecture: "amd64",
      config: { User: "1000", Cmd: ["/bin/sh"] },
      rootfs: { type: "layers", diff_ids: [] },
      history: [{ created_by: `/bin/sh -c #(nop)  ${labelInstruction(newRun(0))}`, empty_layer: true }, step],
    } as unknown as ExportedImage["config"];
    const request = { model: "churn", version: "1", contentDigest: "x", spec: { serve: { port: 8000, health: "/" } } };
    expect(ownImageConfig(made, request as unknown as BuildRequest).history).toEqual([step]);
  });
});
