import { describe, expect, it } from "vitest";
import { checkPinnedHashes } from "./pinned-hashes.ts";

const hash = (digit: string) => digit.repeat(64);
const resolved = [
  {
    name: "typing-extensions",
    version: "4.12.2",
    wheel: "typing_extensions-4.12.2-py3-none-any.whl",
    sha256: hash("a"),
  },
];

describe("hashes that a package pins", () => {
  it.each([
    "typing-extensions==4.12.2",
    `typing-extensions==4.12.2 --hash=sha256:${hash("a")}`,
    `Typing_Extensions==4.12.2 --hash=sha256:${hash("b")} --hash=sha256:${hash("a")}`,
    `tomli==2.0.1 ; python_version < "3.11" --hash=sha256:${hash("c")}`,
  ])("let %s through", (line) => {
    expect(() => checkPinnedHashes([line], resolved)).not.toThrow();
  });

  it("refuse a wheel that has none of them, by name", () => {
    const line = `typing.extensions==4.12.2 --hash=sha256:${hash("b")}`;
    expect(() => checkPinnedHashes([line], resolved)).toThrow(
      /pins typing-extensions by hash.*typing_extensions-4\.12\.2/,
    );
  });
});
