import { readdir } from "node:fs/promises";
import { describe, expect, inject, it } from "vitest";
import {
  BuildFault,
  type BuildRequest,
  type BuiltImage,
  type ChosenBuilder,
  type ImageBuilder,
} from "#core/images/image-builder.ts";
import { openPublisher } from "#core/images/publish-image.ts";
import { oneRegistry } from "#test/one-registry.ts";
import { checkImage } from "../integration/images/check-image.ts";
import { buildContext } from "../integration/images/instance.ts";

/** A builder with packages for it. A base or a runtime that it needs may be there already. */
export interface BuilderUnderTest {
  builder: ImageBuilder;
  scratchDir: string;
  chosen: ChosenBuilder["name"];
  /** Whether the package's own commands wrote its layers, with times and owners. */
  byEngine: boolean;
  /** A good package; its image is `model`:`version`. */
  good(model: string, version: string): Promise<BuildRequest>;
  /** One that takes some seconds from the first line of its log on. */
  slow(): Promise<BuildRequest>;
  /** One that is to blame itself. */
  bad(): Promise<BuildRequest>;
  /** What it keeps elsewhere than in its scratch folder until a build has ended. */
  leftovers(): Promise<string[]>;
}

/** What every image builder keeps to. */
export function describeImageBuilder(name: string, { builder, scratchDir, ...given }: BuilderUnderTest): void {
  const expectNothingLeft = async () => {
    await expect.poll(() => readdir(scratchDir)).toEqual([]);
    expect(await given.leftovers()).toEqual([]);
  };
  const discarded = async (image: BuiltImage) => {
    await image.discard?.();
    await expectNothingLeft();
  };

  describe(`the image builder: ${name}`, { timeout: 180_000 }, () => {
    it("says truly what the image is made of, and gives its layers as often as they are wanted", async () => {
      const context = buildContext();
      const image = await builder.build(await given.good("churn", "1.0.0"), context);
      const { config, layers } = await checkImage(image, given);
      expect((await checkImage(image, given)).layers).toEqual(layers);
      expect(image.platform).toBe("linux/amd64");
      expect([config.os, config.architecture]).toEqual(["linux", "amd64"]);
      expect(image.builder ?? { name: builder.name }).toMatchObject({ name: given.chosen });
      expect(context.lines.length).toBeGreaterThan(0);
      expect(context.lines.filter((line) => line.includes("\n"))).toEqual([]);
      await discarded(image);
    });

    it("makes an image of whose it is, for a user without rights", async () => {
      const request = await given.good("forecast", "2.3.4-rc.1");
      const image = await builder.build(request, buildContext());
      const { config } = JSON.parse(image.config.toString());
      expect(config.User).toMatch(/^[1-9]\d*(?::\d+)?$/);
      expect(config.ExposedPorts).toEqual({ "8000/tcp": {} });
      expect(config.Labels).toMatchObject({
        "org.opencontainers.image.title": "forecast",
        "org.opencontainers.image.version": "2.3.4-rc.1",
        "dev.slipway.content-digest": request.contentDigest,
      });
      await discarded(image);
    });

    // Of its own commands nobody knows whether they do the same twice.
    if (!given.byEngine)
      it("makes the same image of the same package", async () => {
        const request = await given.good("again", "1.0.0");
        const [first, second] = [
          await builder.build(request, buildContext()),
          await builder.build(request, buildContext()),
        ];
        expect(second.digest).toBe(first.digest);
        await first.discard?.();
        await discarded(second);
      });

    it("makes what a registry takes", async () => {
      const image = await builder.build(await given.good("pushed", "1.0.0"), buildContext());
      const { registries, place } = oneRegistry({ host: inject("parts").registryHost });
      await openPublisher(registries).publish(image, place("pushed"), buildContext());
      await discarded(image);
    });

    it("makes several at once, each by itself", async () => {
      const requests = await Promise.all(["a", "b", "c"].map((model) => given.good(model, "1.0.0")));
      const images = await Promise.all(requests.map((request) => builder.build(request, buildContext())));
      for (const [index, image] of images.entries()) {
        const { config } = JSON.parse(image.config.toString());
        expect(config.Labels["org.opencontainers.image.title"]).toBe(requests[index]?.model);
        await checkImage(image, given);
      }
      await Promise.all(images.map((image) => image.discard?.()));
      await expectNothingLeft();
    });

    it("ends soon after a build is cancelled, and leaves nothing of it", async () => {
      const context = buildContext();
      let cancelledAt = Number.NaN;
      const log = () => {
        cancelledAt = performance.now();
        context.cancel();
      };
      await expect(builder.build(await given.slow(), { ...context, log })).rejects.toThrow("the build was cancelled");
      expect(performance.now() - cancelledAt).toBeLessThan(30_000);
      await expectNothingLeft();
    });

    it("blames the package in one line where it is to blame, and leaves nothing", async () => {
      const fault = await builder.build(await given.bad(), buildContext()).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(BuildFault);
      expect((fault as BuildFault).message).toMatch(/^\S.*\S$/);
      await expectNothingLeft();
    });
  });
}
