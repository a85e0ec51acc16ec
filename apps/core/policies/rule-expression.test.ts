import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { evaluateExpression, parseExpression } from "./rule-expression.ts";

const candidate = {
  version: "1.3.0",
  number: 7,
  format: "onnx",
  sizeBytes: 52_428_800,
  imageDigest: null,
  createdBy: "ana",
  metadata: {
    metrics: { auc: 0.91, rows: 1_000, "f1-score": "0.8", none: null, folds: [0.9, 0.92] },
    stage: "final",
    approved: true,
    regions: ["eu", "us"],
    length: 3,
  },
  signature: { inputs: [{ name: "age", type: "double" }], outputs: [] },
  proof: null,
  checks: { "unit-tests": { status: "passed", data: { auc: 0.905 } } },
};
const holder = { ...candidate, version: "1.2.0", number: 6, metadata: { metrics: { auc: 0.93, rows: 900 } } };

function outcome(text: string, facts: Parameters<typeof evaluateExpression>[1] = { candidate, holder }) {
  return evaluateExpression(parseExpression(text), facts);
}

function refusal(text: string): string {
  try {
    parseExpression(text);
  } catch (error) {
    if (isSlipwayError(error, "policy_invalid")) return error.message;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe("a condition", () => {
  it.each([
    ["candidate.metadata.metrics.auc >= holder.metadata.metrics.auc - 0.002", false],
    ["candidate.metadata.metrics.auc >= holder.metadata.metrics.auc - 0.02", true],
    ["candidate.metadata.metrics.rows >= 1000", true],
    ["candidate.metadata.metrics.rows - 1 == 999", true],
    ["candidate.metadata.metrics.rows * 2 > 1999.5", true],
    ["candidate.metadata.metrics.rows / 3 > 333", true],
    ["7 / 2 == 3.5 && candidate.number % 2 == 1", true],
    ["-candidate.metadata.metrics.auc < 0 && 1.0 == 1 && candidate.number > -1", true],
    ["size(candidate.metadata.regions) - 0.5 == 1.5 && candidate.format.size() == 4", true],
    ["size(candidate.metadata.metrics) == 5", true],
    ['double(candidate.metadata.metrics["f1-score"]) > 0.79', true],
    ['candidate.checks["unit-tests"].data.auc > 0.9', true],
    ["candidate.metadata.metrics.folds[1] == 0.92", true],
    ["candidate.format in ['onnx', \"safetensors\"]", true],
    ['"eu" in candidate.metadata.regions && !("jp" in candidate.metadata.regions)', true],
    ['"auc" in candidate.metadata.metrics && !("toString" in candidate.metadata.metrics)', true],
    ['candidate.format.startsWith("on") && candidate.format.endsWith("x") && candidate.format.contains("nn")', true],
    ["candidate.imageDigest == null", true],
    ["candidate.signature == holder.signature", true],
    ["candidate.metadata == holder.metadata", false],
    ['candidate.number == "7"', false],
    ["candidate.metadata.approved ? candidate.number > 6 : candidate.metadata.missing", true],
    ['candidate.version > "1.2.9"', true],
    ["candidate.number > 6 // and a remark on it", true],
  ])("%s is %s", (text, holds) => {
    expect(outcome(text)).toMatchObject({ holds, missing: [] });
  });

  it("shows each value that is named, holds or not", () => {
    expect(outcome("candidate.metadata.metrics.auc >= holder.metadata.metrics.auc")).toEqual({
      holds: false,
      reason: "candidate.metadata.metrics.auc is 0.91, holder.metadata.metrics.auc is 0.93",
      missing: [],
    });
    expect(outcome('candidate.format == "onnx" && candidate.metadata.regions != []').reason).toBe(
      'candidate.format is "onnx", candidate.metadata.regions is a list of 2',
    );
  });

  it("names the holder where a path of it is in it, and not in a text or a remark", () => {
    expect(parseExpression("candidate.number > holder.number").namesHolder).toBe(true);
    expect(parseExpression("has(holder.proof) || candidate.number > 1").namesHolder).toBe(true);
    expect(parseExpression('candidate.createdBy != "holder" // holder.x').namesHolder).toBe(false);
  });

  it.each([
    ["candidate.metadata.metrics.f2 > 0.5", ["candidate.metadata.metrics.f2"]],
    ["candidate.checks.evaluation.data.auc > 0.5", ["candidate.checks.evaluation"]],
    ["candidate.proof.latencyMs.p99 < 50", ["candidate.proof.latencyMs"]],
    ["candidate.metadata.regions[2] == 'jp'", ["candidate.metadata.regions[2]"]],
    ["candidate.metadata.a - 1 > candidate.metadata.b", ["candidate.metadata.a", "candidate.metadata.b"]],
    ["candidate.metadata.a > 1 || candidate.metadata.b > 1", ["candidate.metadata.a", "candidate.metadata.b"]],
    ["candidate.metadata.a > 1 && candidate.number > 1", ["candidate.metadata.a"]],
    ["candidate.metadata.regions.length == 2", ["candidate.metadata.regions.length"]],
    ["candidate.metadata.stage.length == 5", ["candidate.metadata.stage.length"]],
    ["candidate.metadata.constructor == 1", ["candidate.metadata.constructor"]],
    ["candidate.metadata.__proto__ == 1", ["candidate.metadata.__proto__"]],
    ["candidate.metadata.toString == 1", ["candidate.metadata.toString"]],
  ])("%s fails, for %j is not there", (text, missing) => {
    expect(outcome(text)).toEqual({
      holds: false,
      missing,
      reason: missing.map((path) => `${path} is not there`).join("; "),
    });
  });

  it.each([
    ["has(candidate.metadata.metrics.f2) && candidate.metadata.metrics.f2 > 0.5", false],
    ["!has(candidate.metadata.metrics.f2) || candidate.metadata.metrics.f2 > 0.5", true],
    ["candidate.metadata.metrics.f2 > 0.5 || candidate.number > 1", true],
    ["candidate.metadata.metrics.f2 > 0.5 && candidate.number > 100", false],
    ['has(candidate.checks.evaluation.data) || has(candidate.checks["unit-tests"])', true],
  ])("%s is %s, and what is not there is no fault", (text, holds) => {
    expect(outcome(text)).toMatchObject({ holds, missing: [] });
  });

  it("finds no field of a holder where there is none", () => {
    const facts = { candidate, holder: null };
    expect(outcome("candidate.number > holder.number", facts)).toEqual({
      holds: false,
      reason: "holder is not there",
      missing: ["holder"],
    });
    expect(outcome("!has(holder.number) || candidate.number > holder.number", facts).holds).toBe(true);
  });

  it.each([
    ["candidate.metadata.metrics.auc", "the expression gives 0.91, and a condition gives true or false"],
    ["candidate.format > 3", 'candidate.format is "onnx", and > takes two numbers, or two texts'],
    [
      "candidate.format > candidate.number",
      'candidate.format is "onnx", candidate.number is 7, and > takes two numbers, or two texts',
    ],
    ["candidate.metadata.metrics.none + 1 > 1", "candidate.metadata.metrics.none is null, and + takes two numbers"],
    ["candidate.number && true", "candidate.number is 7, and && takes true or false"],
    ["!candidate.number", "candidate.number is 7, and ! takes true or false"],
    ["-candidate.format == 1", 'candidate.format is "onnx", and - takes a number'],
    ["candidate.number ? true : false", "candidate.number is 7, and ?: takes true or false"],
    ["candidate.number / (candidate.number - 7) > 1", "candidate.number - 7 is 0, and nothing can be divided by it"],
    ["candidate.number % 0 == 1", "there is 0, and nothing can be divided by it"],
    ["1e308 * candidate.number > 1", "1e308 * candidate.number is beyond all numbers"],
    ["candidate.number.contains('7')", "candidate.number is 7, and contains() takes texts"],
    ["size(candidate.number) > 1", "candidate.number is 7, and size() takes a text, a list or an object"],
    ["double(candidate.format) > 1", 'candidate.format is "onnx", and double() takes a number, or one as text: "0.91"'],
    ["1 in candidate.format", 'candidate.format is "onnx", and in takes a list or an object on its right'],
    ["1 in candidate.metadata", "there is 1, and the keys of an object are texts"],
  ])("%s does not hold, and says what to change", (text, reason) => {
    expect(outcome(text)).toEqual({ holds: false, reason, missing: [] });
  });

  it.each([
    ["candidat.number > 1", 'at character 1: "candidat" is neither candidate nor holder (did you mean "candidate"?)'],
    ["1 < process.pid", 'at character 5: "process" is neither candidate nor holder'],
    ["candidate.metadta.auc > 1", 'at character 1: candidate has no field "metadta" (did you mean "metadata"?)'],
    ['candidate["numbr"] > 1', 'candidate has no field "numbr" (did you mean "number"?)'],
    ["candidate.constructor == 1", 'candidate has no field "constructor": there are version, number'],
    ["candidate == holder", "name a field of candidate: there are version, number"],
    ["candidate[0] == 1", "candidate has no field 0"],
    ["candidate.metadata[candidate.format] == 1", "at character 20: write a key in brackets as a text"],
    ["candidate.metadata[-1] == 1", "write a key in brackets as a text"],
    ["[1, 2][0] < candidate.number", "fields are those of candidate and holder"],
    ["candidate.metadata.list.all(x, x > 1)", '"all" cannot be called like this: there are has(path)'],
    ["candidate.metadata.list.map(x, x * 2) == []", '"map" cannot be called'],
    ["cel.bind(x, candidate.number, x > 1)", '"bind" cannot be called'],
    ['candidate.format.matches("(a+)+$")', '"matches" cannot be called'],
    ["type(candidate.number) == int", '"type" cannot be called'],
    ['candidate.format.startWith("o")', '(did you mean "startsWith"?)'],
    ["has(1)", "fields are those of candidate and holder"],
    ["has(candidate.proof, 1)", '"has" cannot be called like this'],
    ['{"a": candidate.number} == 1', "at character 1: a condition has no maps"],
    ["candidate.number == 1u", "a value is a number, a text"],
    ['candidate.format == b"onnx"', "a value is a number, a text"],
    ["candidate.number < 9007199254740993", "whole numbers go up to 9007199254740991"],
    ["candidate.number < 1e999", "invalid number"],
    ["1 < 2", "it says the same of every version"],
    ["", "something is missing at the end"],
    ["candidate.number >", "at character 19: something is missing at the end"],
    ["candidate.number > 1 )", 'at character 22: ")" cannot stand here'],
    ["candidate.number = 1", 'at character 18: "=" cannot stand here'],
    ["candidate.format == 'é🙂' #", 'at character 26: "#" cannot stand here'],
    ["candidate.format == 'onnx", "at character 21: unterminated string"],
    ['candidate.format == "\\ud800"', "at character 22: invalid Unicode surrogate"],
  ])("%s is refused, by place", (text, said) => {
    expect(refusal(text)).toContain(said);
  });

  it("keeps a reason in one short line, whatever is in the values", () => {
    const metadata = { text: `\u001b[31m\n\u2028\u202e\ud800${"x".repeat(100_000)}`, "a\nb\u0085": 1 };
    const { reason } = outcome('candidate.metadata.text == "" || candidate.metadata["a\\nb\u0085"] > 2', {
      candidate: { metadata },
      holder: null,
    });
    expect(reason).toMatch(/^candidate\.metadata\.text is "\\u001b\[31m\\n/);
    expect(reason).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(reason.isWellFormed()).toBe(true);
    expect(reason.length).toBeLessThan(200);
  });
});
