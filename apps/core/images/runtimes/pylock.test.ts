import { describe, expect, it } from "vitest";
import { BuildFault } from "../image-builder.ts";
import { compareWheels, parsePylock } from "./pylock.ts";

const sha256 = (digit: string) => digit.repeat(64);

describe("reading what uv resolved", () => {
  it("keeps name, version and one wheel, and no address", () => {
    const text = `
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11.2"

[[packages]]
name = "zzz"
version = "1.0"
wheels = [{ url = "https://user:secret@index.company/zzz-1.0%2Blocal-py3-none-any.whl", size = 5, hashes = { sha256 = "${sha256("a")}" } }]

[[packages]]
name = "cryptography"
version = "50.0.2"
marker = "platform_python_implementation != 'PyPy'"
wheels = [
    { url = "https://host/p/cryptography-50.0.2-cp39-abi3-manylinux_2_34_x86_64.whl", hashes = { sha256 = "${sha256("b")}" } },
    { url = "https://host/p/cryptography-50.0.2-cp311-abi3-manylinux_2_34_x86_64.whl", hashes = { sha256 = "${sha256("c")}" } },
    { url = "https://host/p/cryptography-50.0.2-cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", hashes = { sha256 = "${sha256("d")}" } },
]
`;
    expect(parsePylock(text)).toEqual([
      {
        name: "cryptography",
        version: "50.0.2",
        wheel: "cryptography-50.0.2-cp311-abi3-manylinux_2_34_x86_64.whl",
        sha256: sha256("c"),
      },
      { name: "zzz", version: "1.0", wheel: "zzz-1.0+local-py3-none-any.whl", sha256: sha256("a") },
    ]);
  });

  it("refuses what does not come from the index as a wheel", () => {
    const text = `
[[packages]]
name = "mine"
version = "1.0"
archive = { url = "https://host/mine.zip", hashes = { sha256 = "${sha256("a")}" } }
`;
    expect(() => parsePylock(text)).toThrow(BuildFault);
    expect(() => parsePylock(text)).toThrow(/mine does not come from the package index as a wheel/);
  });

  it("reads an empty resolution", () => {
    expect(parsePylock('lock-version = "1.0"\n')).toEqual([]);
  });
});

describe("choosing among wheels that all fit", () => {
  it("prefers native to pure, a version's own ABI to the stable one, the newer Python and the newer libc", () => {
    const sorted = [
      "p-1-py3-none-any.whl",
      "p-1-cp39-abi3-manylinux2014_x86_64.whl",
      "p-1-cp39-abi3-manylinux_2_28_x86_64.whl",
      "p-1-cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
      "p-1-cp311-abi3-manylinux_2_34_x86_64.whl",
      "p-1-cp311-cp311-manylinux_2_17_x86_64.whl",
      "p-1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
    ];
    expect([...sorted].reverse().sort(compareWheels)).toEqual(sorted);
  });

  it("tells the libc of arm64 as well", () => {
    const sorted = [
      "p-1-cp311-cp311-manylinux2014_aarch64.manylinux_2_17_aarch64.whl",
      "p-1-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl",
    ];
    expect([...sorted].reverse().sort(compareWheels)).toEqual(sorted);
  });

  it("says the same in whatever order they come, also of build numbers", () => {
    const files = ["p-1-1-py3-none-any.whl", "p-1-2-py3-none-any.whl"];
    expect([...files].sort(compareWheels)).toEqual([...files].reverse().sort(compareWheels));
  });
});
