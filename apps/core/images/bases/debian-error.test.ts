import { expect, it } from "vitest";
import { debianError } from "./debian-error.ts";

it("is the reason, not what follows from it", () => {
  const stderr = [
    "I: running apt-get update...",
    "E: Failed to fetch http://mirror/debian/dists/bookworm/InRelease  500  no",
    "E: Some index files failed to download. They have been ignored, or old ones used instead.",
    "E: apt-get update --error-on=any -oAPT::Status-Fd=<$fd> failed",
    "E: mmdebstrap failed to run",
  ].join("\n");
  expect(debianError(stderr)).toBe("E: Failed to fetch http://mirror/debian/dists/bookworm/InRelease  500  no");
  expect(debianError("dpkg-deb: error: no such file\n")).toBe("dpkg-deb: error: no such file");
  expect(debianError("something else")).toBe("something else");
});
