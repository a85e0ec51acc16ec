import { describe, expect, it } from "vitest";
import { BuildFault } from "#core/images/image-builder.ts";
import { buildContext, newInstance, sealedVersion } from "./instance.ts";

const files = { "src/predictor.py": "class Predictor:\n    pass\n" };
const bookworm = { from: "debian", suite: "bookworm" } as const;
const trixie = { from: "debian", suite: "trixie" } as const;

describe("a registry with several bases", async () => {
  const here = await newInstance({ bases: [bookworm, trixie], made: "base" });
  const imageFor = async (pythonMinor: string | null) => {
    const context = buildContext();
    const request = await sealedVersion(here, files, { spec: { requirements: ["numpy==2.2.6"], pythonMinor } });
    return { image: await here.builder.build(request, context), log: context.lines.join("\n"), request };
  };

  it("takes the first that has the Python that a package asks for, and makes it no sooner", async () => {
    const plain = await imageFor(null);
    expect(plain.image.lock).toMatchObject({ python: "3.11", base: { source: "debian:bookworm" } });
    expect(await here.needs.db.base.count()).toBe(1);
    expect((await imageFor("3.11")).image.digest).toBe(plain.image.digest);

    const newer = await imageFor("3.13");
    expect(newer.image.lock).toMatchObject({ python: "3.13", base: { source: "debian:trixie" } });
    const wheelOf = ({ lock }: typeof newer.image) => lock.requirements.find(({ name }) => name === "numpy")?.wheel;
    expect([wheelOf(plain.image), wheelOf(newer.image)]).toEqual([
      expect.stringContaining("-cp311-"),
      expect.stringContaining("-cp313-"),
    ]);
    expect(JSON.parse(newer.image.config.toString()).config.Labels["org.opencontainers.image.base.name"]).toBe(
      "debian:trixie",
    );
    const again = { ...newer.request, spec: { ...newer.request.spec, pythonMinor: null }, lock: newer.image.lock };
    await here.needs.db.runtime.deleteMany();
    expect((await here.builder.build(again, buildContext())).digest).toBe(newer.image.digest);
  }, 300_000);

  it("says which Pythons it has where none is the one", async () => {
    const fault = await imageFor("3.12").catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(BuildFault);
    expect((fault as BuildFault).message).toMatch(
      /^the package asks for Python 3\.12, and this registry has bases with Python 3\.11 and 3\.13: /,
    );
  });
});
