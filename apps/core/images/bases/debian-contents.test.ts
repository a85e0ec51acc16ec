import { describe, expect, it } from "vitest";
import { isPackageWanted, isPathWanted } from "./debian-contents.ts";

describe("what is kept of Debian's packages", () => {
  it.each([
    "usr/bin/python3.11",
    "usr/lib/python3.11/json/decoder.py",
    "usr/lib/python3/dist-packages/torch/__init__.py",
    "usr/lib/python3/dist-packages/torch/testing/_core.py",
    "usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13",
    "usr/share/doc/libtorch1.13/copyright",
  ])("is %s", (path) => expect(isPathWanted(path)).toBe(true));

  it.each([
    "usr/bin/perl",
    "usr/lib/python3",
    "usr/lib/python3/dist-packages",
    "usr/lib/python3/dist-packages/numpy/core/tests/test_array.py",
    "usr/include/torch/torch.h",
    "usr/share/locale/de/x.mo",
  ])("is not %s, but where something wanted lies in it", (path) => expect(isPathWanted(path)).toBe(false));

  it("is no package that is opened only when asked for", () => {
    const isWanted = (name: string) => isPackageWanted(name, true);
    expect(["libllvm15", "libgl1-mesa-dri", "fonts-dejavu-core", "libtorch-test", "dpkg"].some(isWanted)).toBe(false);
    expect(["python3-torch", "libtorch1.13", "libopencv-core406", "libc6"].every(isWanted)).toBe(true);
    expect(isWanted("libz3-4")).toBe(true); // trixie's libtorch is linked with it
  });

  it("is what other packages may be linked with, where there are any", () => {
    const libraries = ["libmd0", "libpcre2-8-0", "libselinux1"];
    expect(libraries.map((name) => isPackageWanted(name, false))).toEqual([false, false, false]);
    expect(libraries.map((name) => isPackageWanted(name, true))).toEqual([true, true, true]);
  });
});
