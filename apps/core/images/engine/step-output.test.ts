import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { whenDone } from "#test/when-done.ts";
import { packageFields, readRecords, requireFolder, requireWheels, sdistFields } from "./step-output.ts";

const sha256 = "a".repeat(64);
const spoiled = expect.objectContaining({ code: "build_step_failed", message: expect.stringMatching(/spoiled/) });

describe("what a step laid out", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "slipway-output-"));
    whenDone(() => rm(folder, { recursive: true, force: true }));
  });

  it("is read by its records", async () => {
    const file = join(folder, "sdists");
    await writeFile(file, `Zope.Interface 1!2.0+cpu zope_interface-2.0.tar.gz ${sha256}\n`);
    expect(await readRecords(file, sdistFields)).toEqual([
      { name: "Zope.Interface", version: "1!2.0+cpu", file: "zope_interface-2.0.tar.gz", sha256 },
    ]);
    await writeFile(file, `libstdc++6 1:2.0~rc1-1+b1 ${sha256}\nlibc6 2.36 \n`);
    expect(await readRecords(file, packageFields)).toHaveLength(2);
  });

  it.each([
    [`-r=/proc/1/environ# 1 x.tar.gz ${sha256}`],
    [`x 1;python_version x.tar.gz ${sha256}`],
    [`x 1 ../x.tar.gz ${sha256}`],
    [`x 1 x.tar.gz ${sha256}0`],
    [`x 1 x.tar.gz ${sha256} more`],
    ["x 1 x.tar.gz"],
    [`x\r 1 x.tar.gz ${sha256}`],
    [`x 1 x.tar.gz ${sha256}\n`.repeat(20_000)],
  ])("is refused where it is no record: %#", async (text) => {
    const file = join(folder, "sdists");
    await writeFile(file, text);
    await expect(readRecords(file, sdistFields)).rejects.toEqual(spoiled);
  });

  it("is refused where it leads somewhere else on this machine, or is not there", async () => {
    await writeFile(join(folder, "elsewhere"), `x 1 x.tar.gz ${sha256}\n`);
    await mkdir(join(folder, "real"));
    await symlink("elsewhere", join(folder, "sdists"));
    await symlink("real", join(folder, "wheels"));
    await expect(readRecords(join(folder, "sdists"), sdistFields)).rejects.toEqual(spoiled);
    await expect(readRecords(join(folder, "none"), sdistFields)).rejects.toEqual(spoiled);
    await expect(readRecords(join(folder, "real"), sdistFields)).rejects.toEqual(spoiled);
    await expect(requireWheels(join(folder, "wheels"))).rejects.toEqual(spoiled);
    await expect(requireFolder(join(folder, "wheels"))).rejects.toEqual(spoiled);
    await symlink("../elsewhere", join(folder, "real/x-1-py3-none-any.whl"));
    await expect(requireWheels(join(folder, "real"))).rejects.toEqual(spoiled);
  });

  it("is taken where it holds wheels alone", async () => {
    await writeFile(join(folder, "x-1-py3-none-any.whl"), "");
    await requireWheels(folder);
    await writeFile(join(folder, "x.tar.gz"), "");
    await expect(requireWheels(folder)).rejects.toEqual(spoiled);
  });
});
