import { expect, it } from "vitest";
import { pythonPlatform } from "./uv.ts";

it.each([
  [{ name: "glibc", version: "2.36" }, "x86_64-manylinux_2_36"],
  [{ name: "glibc", version: "2.30" }, "x86_64-manylinux_2_28"],
  [{ name: "glibc", version: "2.99" }, "x86_64-manylinux_2_40"],
  [{ name: "musl", version: "1.2" }, "x86_64-unknown-linux-musl"],
] as const)("takes wheels that fit %j", (libc, platform) => {
  expect(pythonPlatform({ libc })).toBe(platform);
});

it("says so where no wheel would fit", () => {
  expect(() => pythonPlatform({ libc: { name: "glibc", version: "2.12" } })).toThrow(
    "no wheels are made for glibc 2.12",
  );
});
