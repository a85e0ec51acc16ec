import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMs } from "#test/cpu-ms.ts";
import { parseRequirementsFile, renderRequirements } from "./requirements-file.ts";

const parse = (text: string) => parseRequirementsFile("requirements.txt", Buffer.from(text));
const lines = (text: string) => {
  const { requirements, faults } = parse(text);
  expect(faults).toEqual([]);
  return renderRequirements(requirements);
};
const faults = (text: string) => parse(text).faults.map(({ where, message }) => `${where} ${message}`);

describe("a requirements file", () => {
  it("is read with its comments, empty lines, byte order mark and Windows line ends", () => {
    expect(lines("\uFEFF# models\r\nnumpy==2.1.0   # pinned\r\n\r\n  pandas  \r\n")).toEqual([
      "numpy==2.1.0",
      "pandas",
    ]);
  });

  it("continues a line after a backslash, as pip does", () => {
    expect(lines("numpy \\\n  >=2.0, \\\n  <3\npandas\\\n# a comment ends it\nscipy")).toEqual([
      "numpy>=2.0,<3",
      "pandas",
      "scipy",
    ]);
  });

  it("does not continue a comment", () => {
    expect(lines("# models \\\nnumpy")).toEqual(["numpy"]);
  });

  it("keeps a # that is part of a word, and drops what follows one after a space", () => {
    expect(faults("numpy#fast")).toHaveLength(1);
    expect(lines("numpy #fast")).toEqual(["numpy"]);
  });

  it("is sorted, and holds each line once", () => {
    expect(lines("scipy\nNumPy>=2\nnumpy >= 2\n")).toEqual(["numpy>=2", "scipy"]);
  });

  it("keeps contradictions for the resolver to tell", () => {
    expect(lines("numpy==1.26.4\nnumpy==2.1.0\n")).toEqual(["numpy==1.26.4", "numpy==2.1.0"]);
  });

  it("keeps the hashes that pin its wheels", () => {
    const [a, b] = ["a".repeat(64), "B".repeat(64)];
    expect(lines(`numpy==2.1.0 \\\n    --hash=sha256:${b} \\\n    --hash=sha256:${a}\n`)).toEqual([
      `numpy==2.1.0 --hash=sha256:${a} --hash=sha256:${b.toLowerCase()}`,
    ]);
  });

  it.each([
    ["-r base.txt", "includes another file"],
    ["--requirement=base.txt", "includes another file"],
    ["-r /etc/passwd", "includes another file"],
    ["-c https://example.org/constraints.txt", "names constraints that are no file of the package"],
    ["-c a.txt b.txt", "names constraints that are no file of the package"],
    ["-e .", "editable"],
    ["--editable ./library", "editable"],
    ["--index-url https://example.org/simple", "chooses where packages come from"],
    ["-i https://example.org/simple", "chooses where packages come from"],
    ["--extra-index-url https://example.org/simple", "chooses where packages come from"],
    ["--find-links ./wheels", "chooses where packages come from"],
    ["-f ./wheels", "chooses where packages come from"],
    ["--no-index", "chooses where packages come from"],
    ["--trusted-host example.org", "chooses where packages come from"],
    ["--pre", "is an option that is not allowed"],
    ["--no-binary :all:", "is an option that is not allowed"],
    ["git+https://github.com/example/library@main", "names a repository"],
    ["https://example.org/library-1.0-py3-none-any.whl", "names an address"],
    ["file:///srv/library.whl", "names an address"],
    ["library @ https://example.org/library-1.0-py3-none-any.whl", "names an address"],
    ["library[extra]@file:///srv/library.tar.gz", "names an address"],
    ["library @ git+https://github.com/example/library", "names an address"],
    ["./library", "names a file"],
    ["../library-1.0.tar.gz", "names a file"],
    ["/srv/library", "names a file"],
    ["library-1.0-py3-none-any.whl", "names a file"],
    ["numpy==$" + "{VERSION}", "uses a variable"],
    ["numpy --config-settings=x", "has the option --config-settings"],
    ["numpy --hash=md5:abc", "write sha256: and 64 hex digits"],
    ["numpy --hash=sha256:none", "write sha256: and 64 hex digits"],
    ["sklearn", "write scikit-learn"],
  ])("refuses %s, at its line", (line, reason) => {
    const [fault, ...others] = faults(`# one\nnumpy>=2\n${line}\npandas\n`);
    expect(others).toEqual([]);
    expect(fault).toContain("requirements.txt:3 ");
    expect(fault).toContain(reason);
  });

  it("names files of constraints, as pip takes them", () => {
    expect(parse("numpy\n-c constraints.txt\n--constraint=../limits.txt\n")).toMatchObject({
      constraintFiles: [
        { name: "constraints.txt", where: "requirements.txt:2" },
        { name: "../limits.txt", where: "requirements.txt:3" },
      ],
      faults: [],
    });
  });

  it("names every line that is wrong, by the line where it begins", () => {
    expect(faults("numpy=1\n\nscipy \\\n  oops\n-r x").map((fault) => fault.split(" ")[0])).toEqual([
      "requirements.txt:1",
      "requirements.txt:3",
      "requirements.txt:5",
    ]);
  });

  it("asks for a bounded number of packages", () => {
    expect(faults(Array.from({ length: 2_001 }, (_, index) => `package${index}`).join("\n"))).toEqual([
      "requirements.txt requirements.txt asks for more than 2000 packages",
    ]);
  });

  it.each([
    ["UTF-16 with a byte order mark", Buffer.from("\uFEFFnumpy\n", "utf16le")],
    ["UTF-16 without one", Buffer.from("numpy\n", "utf16le")],
    ["Latin-1", Buffer.from("numpy # für\n", "latin1")],
  ])("that is %s is refused", (_what, bytes) => {
    expect(parseRequirementsFile("requirements.txt", bytes)).toEqual({
      requirements: [],
      constraintFiles: [],
      faults: [{ where: "requirements.txt", message: "is not UTF-8 text" }],
    });
  });

  it("is read or refused, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        parse(text);
      }),
      { numRuns: 3_000 },
    );
  });

  it("of a megabyte of spaces, backslashes or brackets takes no longer", () => {
    for (const unit of [" ", "\\\n", "[", "a ", "#", "- ", "a;(", "=="]) {
      const text = unit.repeat(Math.floor(1_000_000 / unit.length));
      expect(cpuMs(() => void parse(text))).toBeLessThan(3_000);
    }
  });
});
