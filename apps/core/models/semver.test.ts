import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { parseSemver, type Semver, semverKey } from "./semver.ts";

describe("semver", () => {
  it("orders as semver.org §11 says, by the bytes of the key", () => {
    const ordered = [
      "0.9.10",
      "1.0.0-0",
      "1.0.0-2",
      "1.0.0-10",
      "1.0.0--",
      "1.0.0-1a",
      "1.0.0-alpha",
      "1.0.0-alpha.1",
      "1.0.0-alpha.beta",
      "1.0.0-alpha-1",
      "1.0.0-beta",
      "1.0.0-beta.2",
      "1.0.0-beta.11",
      "1.0.0-rc.1",
      "1.0.0",
      "1.9.0",
      "1.10.0",
      "9007199254740991.0.0",
    ];
    const byKey = ordered.toReversed().sort((a, b) => Buffer.compare(key(a), key(b)));
    expect(byKey).toEqual(ordered);
  });

  it.each(["1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "", "latest", "1.2.3 ", "1.2.3-é"])(
    "refuses %j",
    (text) => expectRefused(text, "major.minor.patch"),
  );

  it("says what to change in the usual mistakes", () => {
    expectRefused("v1.2.3", 'without the "v"');
    expectRefused("1.2.3+abc", "build metadata");
    expectRefused("9007199254740992.0.0", "9007199254740991");
    expectRefused(`1.2.3-${"a".repeat(123)}`, "128 characters");
  });

  it("takes 128 characters", () => {
    expect(parseSemver(`1.2.3-${"a".repeat(122)}`)).toHaveLength(128);
  });
});

function key(version: string): Buffer {
  return Buffer.from(semverKey(version as Semver));
}

function expectRefused(text: string, sentence: string): void {
  try {
    parseSemver(text);
    expect.unreachable(`${text} was taken`);
  } catch (error) {
    if (!isSlipwayError(error, "invalid_version")) throw error;
    expect(error.message).toContain(sentence);
  }
}
