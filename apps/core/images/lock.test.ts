import { describe, expect, it } from "vitest";
import { SlipwayError } from "#core/errors.ts";
import { type Lock, lockFor, parseLock } from "./lock.ts";

const hex = "0123456789abcdef".repeat(4);
const lock: Lock = {
  schema: 1,
  platform: "linux/amd64",
  python: "3.11",
  base: {
    source: "debian:bookworm",
    digest: `sha256:${hex}`,
    packages: [{ name: "libc6", version: "2.36-9+deb12u14", sha256: hex }],
  },
  runtime: { version: "0.1.0", digest: `sha256:${hex}` },
  requirements: [
    {
      name: "scikit-learn",
      version: "1.9.1",
      wheel: "scikit_learn-1.9.1-cp311-cp311-manylinux_2_28_x86_64.whl",
      sha256: hex,
    },
  ],
};

function faultsOf(document: unknown): { where: string; message: string }[] {
  try {
    parseLock(document);
  } catch (error) {
    if (error instanceof SlipwayError && error.code === "lock_invalid") return [...error.faults];
    throw error;
  }
  return [];
}

describe("a lock that a caller gives", () => {
  it("is taken as it was kept", () => {
    expect(parseLock(JSON.parse(JSON.stringify(lock)))).toEqual(lock);
  });

  it("is refused with everything that is wrong, each by its place", () => {
    const { runtime: _, ...rest } = lock;
    const faults = faultsOf({ ...rest, python: "2.7", base: { ...lock.base, digest: "sha256:12" }, extra: true });
    expect(faults.map(({ where }) => where).sort()).toEqual(["/", "/", "/base/digest", "/python"]);
    expect(faults.map(({ message }) => message).join("; ")).toMatch(/runtime/);
  });

  it("is refused where a name could say something else to the installer", () => {
    for (const name of ["a --index-url=http://evil", "a\nb", "-r/etc/passwd", "A_b", "git+https://x"])
      expect(faultsOf({ ...lock, requirements: [{ ...lock.requirements[0], name }] })[0]?.where).toBe(
        "/requirements/0/name",
      );
    for (const version of ["1.0 --hash=sha256:x", "1.0\n-e .", "", "1.0;x"])
      expect(faultsOf({ ...lock, requirements: [{ ...lock.requirements[0], version }] })[0]?.where).toBe(
        "/requirements/0/version",
      );
  });

  it("is refused where a package has two versions", () => {
    expect(faultsOf({ ...lock, requirements: [...lock.requirements, ...lock.requirements] })).toEqual([
      { where: "/requirements/1/name", message: "scikit-learn stands in the list twice: keep one version" },
    ]);
  });

  it("is taken for each of several platforms, and refused where one has two or another is broken", () => {
    const arm64 = { ...lock, platform: "linux/arm64" };
    expect(parseLock([lock, arm64])).toEqual([lock, arm64]);
    expect(lockFor([lock, arm64], "linux/arm64")).toEqual(arm64);
    expect([lockFor(lock, "linux/amd64"), lockFor(lock, "linux/arm64")]).toEqual([lock, null]);
    expect(faultsOf([lock, lock])).toEqual([
      { where: "/1/platform", message: "linux/amd64 has a lock in the list already: keep one" },
    ]);
    expect(faultsOf([lock, { ...arm64, python: "2.7" }]).map(({ where }) => where)).toEqual(["/1/python"]);
    expect(faultsOf([lock, "text"]).map(({ where }) => where)).toEqual(["/1"]);
    expect(faultsOf([lock, arm64, lock])).toEqual([
      { where: "/", message: "must be one lock for each platform, 2 at most" },
    ]);
  });

  it.each([null, "text", 7, [], {}, { schema: 2 }])("is not %j", (document) => {
    expect(faultsOf(document).length).toBeGreaterThan(0);
  });
});
