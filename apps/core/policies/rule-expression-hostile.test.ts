import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { cpuMs } from "#test/cpu-ms.ts";
import { type Expression, evaluateExpression, parseExpression } from "./rule-expression.ts";

/** What an evaluation may take on a busy machine; each ends by what is in it, and no clock ends any. */
const longestMs = 1_000;

const pieces = [
  ..."()[]{}!-+*/%<>=?:.,&|\"'`\\ \n\t#$@0123456789",
  ...'&& || == != <= >= in true false null 1e308 0x7f 1u -9223372036854775808 r" b\' """ // \\u0041 \\ud800 🙂 \u202e'.split(
    " ",
  ),
  ..."candidate holder candidate.metadata candidate.number holder.checks .metadata .__proto__ .constructor [0]".split(
    " ",
  ),
  ..."has( size( double( .startsWith( .contains( .matches( .all(x, .exists(x, .map(x, .filter(x, cel.bind(x, dyn( type(".split(
    " ",
  ),
  ..."__proto__ constructor prototype globalThis process require this eval Function".split(" "),
  '["unit-tests"]',
  '["__proto__"]',
];
const valid = [
  "candidate.metadata.metrics.auc >= holder.metadata.metrics.auc - 0.002",
  'has(candidate.checks.evaluation) && candidate.checks["unit-tests"].data.auc > 0.9 || candidate.number % 2 == 0',
  'candidate.format in ["onnx", "safetensors"] ? size(candidate.metadata) > 1 : !candidate.format.startsWith("x")',
  "candidate.metadata == holder.metadata && double(candidate.version) / candidate.number < -1.5e3",
  'candidate.metadata.text.contains(holder.metadata.text) || "a" in candidate.metadata',
];

const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join(""));
const mutated = fc
  .tuple(
    fc.constantFrom(...valid),
    fc.array(fc.tuple(fc.nat(150), fc.nat(4), fc.constantFrom("", ...pieces)), { maxLength: 4 }),
  )
  .map(([text, changes]) =>
    changes.reduce((now, [at, length, piece]) => now.slice(0, at) + piece + now.slice(at + length), text),
  );
const anything = fc.oneof(soup, mutated, fc.string({ unit: "binary", maxLength: 200 }), fc.constantFrom(...valid));

const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -0,
    1e308,
    -1e308,
    5e-324,
    "",
    "NaN",
    "Infinity",
    "1e999",
    "0x10",
    "\ud800",
    "\u0000\u001b[2J",
  ),
  fc.double({ noNaN: true }),
  fc.string({ unit: "binary" }),
);
const key = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "length",
    "metrics",
    "auc",
    "text",
    "data",
    "unit-tests",
  ),
  fc.string(),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value")),
    fc.array(fc.tuple(key, tie("value"))).map(asObject),
  ),
})).value;
const version = fc.record({ metadata: json, checks: json, number: json, format: json, version: json, proof: json });
const facts = fc.record({ candidate: version, holder: fc.option(version) });

/** As JSON makes it: `__proto__` is a key like any other. */
function asObject(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const texts = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return JSON.parse(`{${texts.join(",")}}`) as Record<string, unknown>;
}

function parsed(text: string): Expression | null {
  try {
    return parseExpression(text);
  } catch (error) {
    if (isSlipwayError(error, "policy_invalid")) return null;
    throw error;
  }
}

function timed<Value>(work: () => Value): Value {
  const values: Value[] = [];
  expect(cpuMs(() => void values.push(work()))).toBeLessThan(longestMs);
  return values[0] as Value;
}

/** Throws at each write, and at each read of what is not an own property. */
function guarded(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const forbid = (): never => {
    throw new Error("the facts are not to be changed");
  };
  return new Proxy(value, {
    set: forbid,
    defineProperty: forbid,
    deleteProperty: forbid,
    setPrototypeOf: forbid,
    getPrototypeOf: (target) => (Array.isArray(target) ? Array.prototype : forbid()),
    get(target, name) {
      if (Array.isArray(target) && (name === "length" || name === "entries" || name === Symbol.iterator))
        return Reflect.get(target, name);
      if (!Object.hasOwn(target, name)) throw new Error(`${String(name)} is no own property`);
      return guarded(Reflect.get(target, name));
    },
  });
}

describe("whatever is written as a condition", () => {
  it("is a condition or refused, and one gives its outcome on any facts, changing none and reaching nothing else", () => {
    let taken = 0;
    fc.assert(
      fc.property(anything, facts, (text, given) => {
        const expression = timed(() => parsed(text));
        if (expression === null) return;
        taken += 1;
        const before = JSON.stringify(given);
        const plain = timed(() => evaluateExpression(expression, given));
        expect(JSON.stringify(given)).toBe(before);
        const watched = {
          candidate: guarded(given.candidate) as typeof given.candidate,
          holder: guarded(given.holder) as typeof given.holder,
        };
        expect(evaluateExpression(expression, watched)).toEqual(plain);
        expect(plain.reason).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(plain.reason).toBe(plain.reason.toWellFormed());
        expect(plain.reason.length).toBeGreaterThan(0);
        expect(plain.reason.length).toBeLessThan(1_100);
        if (plain.holds) expect(plain.missing).toEqual([]);
        for (const path of plain.missing) expect(path).toMatch(/^(?:candidate|holder)/);
      }),
      { numRuns: 250 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  const nested = (depth: number) => `${"candidate.metadata.a.all(x, ".repeat(depth)}true${")".repeat(depth)}`;
  it.each([
    ["brackets", `${"(".repeat(400)}candidate.number${")".repeat(400)}`],
    ["a few brackets too many", `${"(".repeat(33)}candidate.number${")".repeat(33)} > 1`],
    ["lists", `${"[".repeat(450)}1${"]".repeat(450)} == candidate.number`],
    ["negations", `${"!".repeat(950)}candidate.number`],
    ["choices", `${"true?".repeat(150)}candidate.number${":1".repeat(150)}`],
    ["fields", `candidate.metadata${".a".repeat(450)}`],
    ["nested loops", nested(20)],
    ["doubled texts", "cel.bind(a, 'xx', cel.bind(b, a + a, cel.bind(c, b + b, c == candidate.format)))"],
    ["patterns that backtrack", "candidate.format.matches('^(a+)+(a|b|ab)*$')"],
    ["a million characters", "candidate.number + ".repeat(52_632)],
    ["a million brackets", "(".repeat(1_000_000)],
    ["a long number", "9".repeat(990)],
    ["an open text", `"${"\\".repeat(900)}`],
    ["half a character", 'candidate.format == "\ud800"'],
    ["a NUL", 'candidate.format == "\u0000"'],
  ])("%s are refused at once", (_, text) => {
    expect(timed(() => parsed(text))).toBeNull();
  });

  it.each([0, 1])("is cut between characters, and never in one (%i)", (shift) => {
    const text = `1e308 * double(candidate.metadata["${"a".repeat(shift)}${"🙂".repeat(60)}"]) > 1`;
    const metadata = { [`${"a".repeat(shift)}${"🙂".repeat(60)}`]: 9 };
    const { reason } = evaluateExpression(parseExpression(text), { candidate: { metadata }, holder: null });
    expect(reason).toMatch(/… is beyond all numbers$/);
    expect(reason.isWellFormed()).toBe(true);
  });

  it("may be as large as it can be", () => {
    const many = `${"candidate.number+".repeat(57)}candidate.number > 1`;
    expect(evaluateExpression(parseExpression(many), { candidate: { number: 1 }, holder: null }).holds).toBe(true);
    const texts = evaluateExpression(parseExpression("candidate.format == 'x' * 1000000000 + 'x'"), {
      candidate: {},
      holder: null,
    });
    expect(texts.reason).toContain("* takes two numbers");
    const brackets = `${"(".repeat(30)}candidate.number${")".repeat(30)} > 0`;
    expect(evaluateExpression(parseExpression(brackets), { candidate: { number: 1 }, holder: null }).holds).toBe(true);
    const negations = `${"!".repeat(400)}candidate.number`;
    expect(evaluateExpression(parseExpression(negations), { candidate: { number: true }, holder: null }).holds).toBe(
      true,
    );
  });
});

describe("documents as large as they may be", () => {
  const repeated = (text: string) => new Array(Math.floor(1_000 / (text.length + 2))).fill(text).join("||");
  const outcome = (text: string, metadata: unknown) => {
    const given = { candidate: { metadata }, holder: { metadata } };
    return timed(() => evaluateExpression(parseExpression(text), given));
  };

  it("are compared, as long as there are not too many values in them", () => {
    const text = "candidate.metadata != holder.metadata";
    expect(outcome(text, { list: new Array(100_000).fill(1) }).reason).toMatch(/^candidate.metadata is an object/);
    const many = { list: new Array(250_000).fill(1), more: 1 };
    expect(outcome(repeated(text), many)).toMatchObject({ holds: false, missing: [] });
    expect(outcome(repeated(text), many).reason).toMatch(/^it compares more than a condition may/);
    const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, index]));
    expect(outcome(repeated(text), keys).reason).toMatch(/^it compares more than a condition may/);
    const fewer = Object.fromEntries(Object.entries(keys).slice(1));
    const unlike = repeated("candidate.metadata.a == candidate.metadata.b");
    expect(outcome(unlike, { a: keys, b: fewer }).reason).toMatch(/^it compares more than a condition may/);
    expect(outcome(repeated("1 in candidate.metadata.a"), { a: new Array(190_000).fill(0) }).holds).toBe(false);
    expect(outcome(repeated("size(candidate.metadata) < 1"), keys).reason).toMatch(/^it compares more/);
  });

  it("are searched, as long as it cannot take long", () => {
    const text = "candidate.metadata.a.contains(candidate.metadata.b)";
    expect(outcome(text, { a: `${"a".repeat(1_000_000)}b`, b: "ab" }).holds).toBe(true);
    const slowest = { a: "a".repeat(1_000_000), b: `${"a".repeat(500_000)}b` };
    expect(outcome(text, slowest).reason).toMatch(/^it compares more than a condition may/);
    expect(outcome(repeated("candidate.metadata.a < candidate.metadata.b"), slowest).holds).toBe(true);
    expect(outcome(repeated("size(candidate.metadata.a) < 9"), slowest)).toMatchObject({ holds: false });
  });

  it("may be as deep as JSON can be", () => {
    const deep = () => JSON.parse(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`) as unknown;
    const given = { candidate: { metadata: deep() }, holder: { metadata: deep() } };
    const same = parseExpression("candidate.metadata == holder.metadata");
    expect(timed(() => evaluateExpression(same, given)).holds).toBe(true);
  });
});
