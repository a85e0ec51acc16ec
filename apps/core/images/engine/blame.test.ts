import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { BuildFault } from "../image-builder.ts";
import { blameForError } from "./blame.ts";
import { fetchFaults, lackFaults, relayFaults } from "./step-scripts.ts";

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
  const found = (faults: string, line: string): boolean => {
    try {
      execFileSync("grep", ["-qiE", faults], { input: line });
      return true;
    } catch {
      return false;
    }
  };

  it.each([
    [fetchFaults, "  407  Proxy Authentication Required [IP: 10.0.0.1 80]"],
    [fetchFaults, "E: Failed to fetch http://a/b"],
    [relayFaults, "ERROR: HTTP error 503 while getting http://127.0.0.1:8079/file/0a/x-1.tar.gz"],
    [
      relayFaults,
      "pip._vendor.requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: http://127.0.0.1:8079/file/0a/x",
    ],
    [
      relayFaults,
      "ERROR: Could not install packages due to an OSError: HTTPConnectionPool(host='127.0.0.1', port=8079): Max retries exceeded with url: /file/0a/x (Caused by ResponseError('too many 500 error responses'))",
    ],
    [relayFaults, "OSError: [Errno 28] No space left on device"],
    [lackFaults, "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated"],
    [lackFaults, "error: incomplete-download"],
    [lackFaults, "ERROR: Wheel 'x' located at /tmp/x-1.0-py3-none-any.whl is invalid."],
    [lackFaults, "EOFError: Compressed file ended before the end-of-stream marker was reached"],
  ])("%# is its fault", (faults, line) => {
    expect([line, found(faults, line)]).toEqual([line, true]);
  });

  it.each([
    [fetchFaults, "line 401 of setup.py"],
    [fetchFaults, "test_500 failed, 502 passed"],
    [relayFaults, "Downloading http://127.0.0.1:8079/file/0a/x-1.tar.gz (403 kB)"],
    [relayFaults, "ERROR: HTTP error 404 while getting http://127.0.0.1:8079/file/0a/x-1.tar.gz"],
    [relayFaults, "  urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>"],
    [lackFaults, "      EOFError: EOF when reading a line"],
    [lackFaults, "error: subprocess-exited-with-error"],
    [relayFaults, "  curl: (7) Failed to connect to weights.example port 443: Connection refused"],
  ])("%# is not", (faults, line) => {
    expect([line, found(faults, line)]).toEqual([line, false]);
  });
});
