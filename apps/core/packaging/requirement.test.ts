import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMs } from "#test/cpu-ms.ts";
import { parseRequirement, renderRequirement } from "./requirement.ts";

const rendered = (text: string) => {
  const parsed = parseRequirement(text);
  return "fault" in parsed ? `fault: ${parsed.fault}` : renderRequirement(parsed);
};

describe("a requirement", () => {
  it.each([
    ["numpy", "numpy"],
    ["Scikit_Learn == 1.9.1", "scikit-learn==1.9.1"],
    ["zope.interface", "zope-interface"],
    ["numpy>=1.26,<3", "numpy>=1.26,<3"],
    ["numpy (>=1.26, <3)", "numpy>=1.26,<3"],
    ["numpy ~= 2.1", "numpy~=2.1"],
    ["numpy==2.*", "numpy==2.*"],
    ["numpy!=2.0.1,>1!2.0rc1.post1.dev1", "numpy!=2.0.1,>1!2.0rc1.post1.dev1"],
    ["torch==2.9.0+cpu", "torch==2.9.0+cpu"],
    ["legacy===2004d", "legacy===2004d"],
    ["uvicorn [Standard, watch_files] >=0.30", "uvicorn[standard,watch-files]>=0.30"],
    ["empty[]", "empty"],
    ['tomli; python_version < "3.11"', 'tomli ; python_version < "3.11"'],
    [
      "a>1 ; (os_name == 'posix' or sys_platform != 'win32') and 'x' not in platform_version",
      "a>1 ; (os_name == 'posix' or sys_platform != 'win32') and 'x' not in platform_version",
    ],
  ])("%s is written %s", (text, expected) => {
    expect(rendered(text)).toBe(expected);
  });

  it.each([
    ["", "is no requirement"],
    ["_private", "is no requirement"],
    ["numpy=2", "write two equals signs, ==2"],
    ["numpy 2", "write an operator and a version"],
    ["numpy>=", "no version specifier of PEP 440"],
    ["numpy==banana", "no version specifier of PEP 440"],
    ["numpy>=2.*", "no version specifier of PEP 440"],
    ["numpy~=2", "no version specifier of PEP 440"],
    ["numpy>=2,", "is no version specifier"],
    ["numpy[", "is no version specifier"],
    ["numpy[a b]", "is no list of extras"],
    ["numpy @ https://example.org/numpy.whl", "names an address"],
    ["numpy;", "is no environment marker"],
    ["numpy; python_version", "is no environment marker"],
    ["numpy; python_versoin < '3'", '"python_versoin" is no variable'],
    ["numpy; python_version < 3", "is no environment marker"],
    ["numpy; (os_name == 'posix'", "is no environment marker"],
    ["numpy; os_name == 'posix' and", "is no environment marker"],
    [`numpy; ${"(".repeat(500)}os_name == 'x'${")".repeat(500)}`, "is no environment marker"],
  ])("%j is refused", (text, reason) => {
    expect(rendered(text)).toContain("fault: ");
    expect(rendered(text)).toContain(reason);
  });

  it("is written so that it reads the same again", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,10}[A-Za-z0-9])?$/);
    const version = fc.stringMatching(/^[0-9]{1,3}(\.[0-9]{1,3}){1,3}((a|b|rc)[0-9]{1,2})?(\.post[0-9])?$/);
    const specifier = fc
      .tuple(fc.constantFrom("==", ">=", "<=", "!=", "~=", "<", ">"), version)
      .map((parts) => parts.join(" "));
    const marker = fc.constantFrom("", "; python_version >= '3.10'", '; extra == "x" and os_name != "nt"');
    fc.assert(
      fc.property(
        name,
        fc.array(name, { maxLength: 3 }),
        fc.array(specifier, { maxLength: 3 }),
        marker,
        (n, extras, specifiers, m) => {
          const text = `${n}${extras.length > 0 ? `[${extras.join(", ")}]` : ""} ${specifiers.join(", ")} ${m}`;
          const parsed = parseRequirement(text);
          if ("fault" in parsed) throw new Error(`${text} ${parsed.fault}`);
          expect(parseRequirement(renderRequirement(parsed))).toEqual(parsed);
        },
      ),
    );
  });

  it("takes no longer for a text that is made to be slow", () => {
    const slow = [
      `numpy==${"1.".repeat(2_000)}`,
      `${"a".repeat(4_000)}-`,
      `a; ${"'".repeat(4_000)}`,
      `a==${"0".repeat(4_000)}x`,
      `a[${",".repeat(4_000)}`,
    ];
    for (const text of slow) expect(cpuMs(() => void parseRequirement(text))).toBeLessThan(500);
  });
});
