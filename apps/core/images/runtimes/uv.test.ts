import { expect, it } from "vitest";
import { pythonPlatform, uvEnvironment } from "./uv.ts";

it.each([
  ["amd64", { name: "glibc", version: "2.36" }, "x86_64-manylinux_2_36"],
  ["amd64", { name: "glibc", version: "2.30" }, "x86_64-manylinux_2_28"],
  ["amd64", { name: "glibc", version: "2.99" }, "x86_64-manylinux_2_40"],
  ["amd64", { name: "musl", version: "1.2" }, "x86_64-unknown-linux-musl"],
  ["arm64", { name: "glibc", version: "2.41" }, "aarch64-manylinux_2_40"],
  ["arm64", { name: "musl", version: "1.2" }, "aarch64-unknown-linux-musl"],
] as const)("takes wheels that fit %s and %j", (architecture, libc, platform) => {
  expect(pythonPlatform({ architecture, libc })).toBe(platform);
});

it("says so where no wheel would fit", () => {
  expect(() => pythonPlatform({ architecture: "amd64", libc: { name: "glibc", version: "2.12" } })).toThrow(
    "no wheels are made for glibc 2.12",
  );
});

it("trusts the certificates of the system, unless the operator chose", () => {
  expect(uvEnvironment({ HOME: "/root" })).toEqual({ HOME: "/root", UV_SYSTEM_CERTS: "1" });
  expect(uvEnvironment({ UV_SYSTEM_CERTS: "0" })).toEqual({ UV_SYSTEM_CERTS: "0" });
  expect(uvEnvironment({ UV_NATIVE_TLS: "false" })).toEqual({ UV_NATIVE_TLS: "false" });
});
