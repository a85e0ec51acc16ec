import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { BuildFault } from "../image-builder.ts";
import { blameForError } from "./blame.ts";
import { fetchFaults } from "./step-scripts.ts";

const blamed = (message: string) =>
  blameForError(message, { lastLine: "", limits: { memoryBytes: 1024 ** 2 } }) instanceof BuildFault
    ? "package"
    : "part";

describe("the error that ended a build", () => {
  it.each([
    ["The command '/bin/sh -c exit 3' returned a non-zero code: 3"],
    [
      "COPY failed: file not found in build context or excluded by .dockerignore: stat releases/503/x: file does not exist",
    ],
    ["dockerfile parse error: unknown instruction: RUNN"],
    ["pull access denied for acme/x, repository does not exist or may require 'docker login'"],
    ["manifest for python:0 not found: manifest unknown: manifest unknown"],
    ['failed to create shim task: OCI runtime create failed: exec: "/bin/sh": stat /bin/sh: no such file or directory'],
  ])("is the package's: %s", (message) => {
    expect(blamed(message)).toBe("package");
  });

  it.each([
    ["COPY failed: write /var/lib/docker/x: no space left on device"],
    ["received unexpected HTTP status: 503 Service Unavailable"],
    ["failed to register layer: something new"],
    ["cannot stop container: context canceled"],
    ["dial unix /run/containerd.sock: connect: no such file or directory"],
  ])("is a part's, which is tried again: %s", (message) => {
    expect(blamed(message)).toBe("part");
  });
});

describe("what a step's log says of a mirror or an index", () => {
  const found = (line: string): boolean => {
    try {
      execFileSync("grep", ["-qiE", fetchFaults], { input: line });
      return true;
    } catch {
      return false;
    }
  };

  it.each([
    ["ERROR: HTTP error 503 while getting https://a/b"],
    ["pip._vendor.requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://a"],
    ["  407  Proxy Authentication Required [IP: 10.0.0.1 80]"],
    ["E: Failed to fetch http://a/b"],
  ])("is its fault: %s", (line) => {
    expect(found(line)).toBe(true);
  });

  it.each([["Downloading x-1.tar.gz (403 kB)"], ["test_500 failed, 502 passed"], ["line 401 of setup.py"]])(
    "is not: %s",
    (line) => {
      expect(found(line)).toBe(false);
    },
  );
});
