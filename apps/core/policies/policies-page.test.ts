import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { type GivenRules, parseRules } from "./parse-rules.ts";
import { evaluateExpression, parseExpression } from "./rule-expression.ts";

const page = readFileSync(`${import.meta.dirname}/../../../docs/policies.md`, "utf8");

function block(language: string): string {
  return new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(page)?.[1] ?? "";
}

it("the page's rules are taken, and are all that there are", () => {
  const given = JSON.parse(block("json")) as GivenRules;
  expect(Object.keys(parseRules(given, "prod")).sort()).toEqual(Object.keys(given).sort());
});

const expressions = block("cel").trim().split("\n");

it.each(expressions)("%s holds for a version that it is written for", (text) => {
  const metadata = { metrics: { auc: 0.93 }, bias: { gap: 0.01 }, dataset: "2026-11", region: "eu" };
  const proof = { latencyMs: { p99: 20 }, memoryBytes: 1_000_000 };
  const checks = { "unit-tests": { data: { coverage: 0.9 } } };
  const candidate = { metadata, proof, checks, sizeBytes: 110, format: "onnx", createdBy: "ana" };
  const holder = { ...candidate, sizeBytes: 100, createdBy: "ben" };
  expect(evaluateExpression(parseExpression(text), { candidate, holder })).toMatchObject({ holds: true, missing: [] });
});

const refused = [...page.matchAll(/^\| `(.+)` \| (at character .+|it says .+) \|$/gm)].map(
  ([, text = "", why = ""]) => ({ text, why }),
);

it.each(refused)("$text is refused as the page says", ({ text, why }) => {
  expect(() => parseExpression(text)).toThrow(why);
});

it("the page has examples of both", () => {
  expect([expressions.length, refused.length]).toEqual([9, 8]);
});
