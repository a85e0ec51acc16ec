import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { cpuMs } from "#test/cpu-ms.ts";
import { packageOf, specOf } from "../testing/package-of.ts";
import type { CardFacts } from "./card-facts.ts";
import { readCard, readCardOf } from "./front-matter.ts";
import { writeCard } from "./write-card.ts";

describe("a model card's front matter", () => {
  it("is YAML between two lines of ---, with the text below", () => {
    const card = readCard("---\r\nlicense: mit\r\ntags: [churn]\r\n---\r\n# churn\n\n---\nmore\n");
    expect(card).toEqual({
      frontMatter: { license: "mit", tags: ["churn"] },
      body: "# churn\n\n---\nmore\n",
      fault: null,
    });
  });

  it.each([
    ["# churn\n\ntext\n\n---\n", "# churn\n\ntext\n\n---\n"],
    ["---\n---\n# churn\n", "# churn\n"],
    ["---\nno end\n", "---\nno end\n"],
    ["", ""],
  ])("may be missing or empty: %j", (text, body) => {
    expect(readCard(text)).toEqual({ frontMatter: {}, body, fault: null });
  });

  it.each([
    ["a: [", "cannot be read"],
    ["a: 1\na: 2", 'the key "a" is there twice (line 3)'],
    ["- a", "is no mapping of keys to values"],
    ["a: !!python/object:os.system x", "cannot be read"],
    [`${"[".repeat(2000)}`, "nests deeper"],
    [`a: ${"x".repeat(70_000)}`, "larger than 64 KiB"],
    ['a: "\\0"', "cannot be kept"],
    [
      `a: &a ${"x".repeat(1_000)}\nb: [${"*a, ".repeat(90)}]`,
      "larger than 64 KiB as JSON, with its aliases written out",
    ],
  ])("that is wrong leaves the text, and says why: %j", (yaml, reason) => {
    const card = readCard(`---\n${yaml}\n---\ntext\n`);
    expect([card.frontMatter, card.body]).toEqual([{}, "text\n"]);
    expect(card.fault).toContain(reason);
  });

  it("is read in time, whatever the file", () => {
    const texts = [`---\n${"\n".repeat(1_000_000)}`, `---\n${"--\n".repeat(300_000)}`, "---\n".repeat(250_000)];
    expect(cpuMs(() => texts.forEach((text) => void readCard(text)))).toBeLessThan(2_000);
  });

  it("is part of what is sealed, and a broken one keeps nothing from being served", async () => {
    const predictor = "class Predictor:\n    pass\n";
    const files = { "src/predictor.py": predictor, "README.md": "---\nlicense: mit\n---\n" };
    expect((await specOf(files)).card).toEqual({ license: "mit" });
    expect((await specOf({ ...files, "README.md": "---\na: [\n---\n" })).card).toEqual({});
    expect((await specOf({ "src/predictor.py": predictor })).card).toEqual({});
    expect(await readCardOf(packageOf({ "README.md": Buffer.from([0xff, 0xfe, 0x00]) }))).toMatchObject({
      fault: "it is not UTF-8 text",
    });
  });
});

const facts: CardFacts = {
  model: "churn",
  version: "1.2.0",
  frontMatter: { license: "mit", slipway: "of the package" },
  readme: "# Churn\n\nWho leaves?\n",
  description: "",
  format: "sklearn",
  contentDigest: `sha256:${"a".repeat(64)}`,
  sizeBytes: 2048,
  fileCount: 3,
  signature: { inputs: [{ name: "a|b\n# x", type: "float64", shape: [-1], optional: true }], outputs: [] },
  example: { instances: [["```", "it's"]] },
  resources: { cpuMillis: 500, memoryBytes: 1024 ** 3, gpus: 1 },
  image: {
    reference: `host/churn@sha256:${"b".repeat(64)}`,
    platforms: [{ platform: "linux/amd64", sizeBytes: 5000 }],
  },
  proof: {
    status: "failed",
    checked: "prediction",
    reason: "it answered | 500",
    coldStartMs: 2310,
    latencyMs: { p50: 0.9, p99: 2.4 },
    memoryBytes: 93212672,
  },
  lock: {
    python: "3.11",
    base: { source: "debian:bookworm", digest: `sha256:${"c".repeat(64)}` },
    runtime: "0.1.0",
    requirements: [{ name: "numpy", version: "2.4.6", sha256: "d".repeat(64) }],
  },
};

describe("a model card", () => {
  it("begins with the package's own words, and adds what is known", () => {
    const text = writeCard(facts);
    const card = readCard(text);
    expect(card.frontMatter).toEqual({
      license: "mit",
      slipway: {
        model: "churn",
        version: "1.2.0",
        format: "sklearn",
        content_digest: facts.contentDigest,
        image: facts.image?.reference,
      },
    });
    expect(parseDocument(text.split("---\n")[1] ?? "").errors).toEqual([]);
    expect(card.body.trimStart().startsWith("# Churn\n\nWho leaves?\n\n## Version 1.2.0\n")).toBe(true);
    for (const line of [
      "| Resources | 500m CPU, 1Gi memory, 1 GPU |",
      "| Files | 3, 2048 bytes |",
      "| Image for linux/amd64 | 5000 bytes |",
      `| numpy | 2.4.6 | ${"d".repeat(64)} |`,
      "| Proof | failed (prediction): it answered \\| 500 |",
      "| Cold start | 2310 ms |",
      "| Latency | 0.9 ms (median), 2.4 ms (p99) |",
      "| Memory held | 93212672 bytes |",
      "## Example request",
    ])
      expect(card.body).toContain(line);
  });

  it("takes no word of the package for markup of its own", () => {
    const text = writeCard(facts);
    expect(text).toContain("| a\\|b \\# x | float64 | \\[-1\\] | optional |");
    expect(text).toContain("````sh\ncurl");
    expect(text).toContain(`'{"instances":[["\`\`\`","it'\\''s"]]}'\n\`\`\`\``);
  });

  it("stands without a README, an image, or a signature", () => {
    const bare = { ...facts, frontMatter: {}, readme: null, description: "Who leaves?", signature: null };
    const text = writeCard({ ...bare, example: null, image: null, proof: null, lock: null });
    expect(readCard(text).body.trimStart().startsWith("# churn\n\nWho leaves?\n\n## Version 1.2.0")).toBe(true);
    expect(text).toContain("| Image | none yet |");
    for (const title of ["Inputs", "Outputs", "Example request", "Requirements", "Proof"])
      expect(text).not.toContain(title);
  });
});
