import { describe, expect, it } from "vitest";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { describePackage } from "./describe-package.ts";
import type { Offers } from "./offers.ts";
import { faultsOf, packageIn, packageOf, specOf } from "./testing/package-of.ts";

const nothingGiven = { labels: {}, metadata: {} };
const columns = fixture("columns-4.joblib");

describe("the test models", () => {
  const spec = async (name: string) => {
    const folder = new URL(`../../../test/models/${name}/package`, import.meta.url).pathname;
    return (await describePackage(packageIn(folder), nothingGiven)).spec;
  };

  it("churn, the guide's own shape, is answered by its Predictor", async () => {
    expect(await spec("churn")).toMatchObject({
      format: "python",
      modelFile: null,
      preprocessorFile: null,
      predictor: { file: "src/predictor.py", class: "Predictor" },
      requirements: [expect.stringMatching(/^scikit-learn==/)],
    });
  });

  it("iris is a scikit-learn pickle with its preprocessor, and a signature of its own", async () => {
    expect(await spec("iris")).toMatchObject({
      format: "sklearn",
      modelFile: "model/model.pkl",
      preprocessorFile: "model/preprocessor.pkl",
      predictor: null,
      signature: { inputs: [{ name: "sepal_length" }, {}, {}, {}], outputs: [{ name: "species" }] },
    });
  });

  it("titanic is a compressed joblib file over named columns", async () => {
    expect(await spec("titanic")).toMatchObject({
      format: "sklearn",
      modelFile: "model.joblib",
      preprocessorFile: null,
      requirements: [expect.stringMatching(/^pandas/), expect.stringMatching(/^scikit-learn/)],
    });
  });

  it("sentiment has no requirements, and takes scikit-learn's version from the pickle", async () => {
    expect(await spec("sentiment")).toMatchObject({
      format: "sklearn",
      modelFile: "model.pkl",
      requirements: [expect.stringMatching(/^scikit-learn==\d+\.\d+\.\d+$/)],
    });
  });

  it("digits-onnx and scorer-onnx say their inputs and outputs themselves", async () => {
    expect(await spec("digits-onnx")).toMatchObject({
      format: "onnx",
      modelFile: "model.onnx",
      signature: { inputs: [{ type: "float32", shape: [-1, 64] }] },
    });
    const { signature } = await spec("scorer-onnx");
    expect(signature?.inputs.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "amount float32",
      "visits int64",
      "country string",
      "member bool",
      "history float32",
    ]);
    expect(signature?.outputs).toHaveLength(3);
  });

  it("custom has a Predictor and no model file", async () => {
    expect(await spec("custom")).toMatchObject({
      format: "python",
      modelFile: null,
      predictor: { file: "src/predictor.py", class: "Predictor" },
    });
  });
});

describe("the Python version", () => {
  const python = async (contents: Record<string, string>) =>
    (await specOf({ "model.pkl": columns, ...contents })).pythonMinor;

  it("is what slipway.yaml says, else what .python-version says, else left open", async () => {
    expect(await python({ "slipway.yaml": 'python: "3.12"', ".python-version": "3.11\n" })).toBe("3.12");
    expect(await python({ ".python-version": "# for pyenv\n\n3.11.4\n3.10.1\n" })).toBe("3.11");
    expect(await python({})).toBeNull();
  });

  it.each(["pypy3.9", "system", "3", "2.7.18", "", ">=3.10"])(
    "of a .python-version that says %j is a fault",
    async (text) => {
      expect((await faultsOf({ "model.pkl": columns, ".python-version": text })).join()).toContain(
        "is no version of CPython 3",
      );
    },
  );
});

describe("a package that no base can serve", () => {
  const asking = async (yaml: string, offers: Offers) =>
    describePackage(packageOf({ "model.pkl": columns, "slipway.yaml": yaml }), nothingGiven, offers).then(
      () => [],
      (error) => error.faults,
    );
  const offers = { pythons: ["3.11", "3.13"], hasTorchIndex: false };

  it("says which Python it wants, and which there are", async () => {
    expect(await asking('python: "3.12"', offers)).toEqual([
      {
        where: "slipway.yaml: python",
        message: expect.stringContaining("asks for Python 3.12, and this registry has bases with Python 3.11 and 3.13"),
      },
    ]);
    expect(await asking('python: "3.13"', offers)).toEqual([]);
  });

  it("may say it in its pyproject.toml, with its dependencies or without", async () => {
    const describing = (versions: string, yaml = "", dependencies = "dependencies = []\n") =>
      describePackage(
        packageOf({
          "model.pkl": columns,
          "slipway.yaml": yaml,
          "pyproject.toml": `[project]\n${dependencies}requires-python = "${versions}"\n`,
        }),
        nothingGiven,
        offers,
      );
    await expect(describing(">=3.14")).rejects.toThrow(
      "pyproject.toml: project.requires-python: is for Python >=3.14, and this registry has bases with Python 3.11 and 3.13",
    );
    await expect(describing(">=3.14", "", "")).rejects.toThrow("is for Python >=3.14");
    const minorFor = async (...asked: Parameters<typeof describing>) => (await describing(...asked)).spec.pythonMinor;
    for (const versions of [">=3.10", "~=3.11", ">=3.9,<3.12"]) expect(await minorFor(versions)).toBeNull();
    for (const versions of [">=3.13.2", ">=3.12", "!=3.11.*"]) expect(await minorFor(versions)).toBe("3.13");
    expect(await minorFor(">=3.14", 'python: "3.13"')).toBe("3.13");
  });

  it("is left to its build where no base was made yet, and to its own Dockerfile", async () => {
    expect(await asking('python: "3.12"', { ...offers, pythons: null })).toEqual([]);
    const files = { "model.pkl": columns, Dockerfile: "FROM x", "slipway.yaml": 'python: "3.12"\nbuild: dockerfile' };
    await describePackage(packageOf(files), nothingGiven, offers);
  });
});

describe("the example", () => {
  it("may be written out, or lie in a file", async () => {
    const example = { instances: [[1, 2]] };
    expect((await specOf({ "model.pkl": columns, "slipway.yaml": "example: {instances: [[1, 2]]}" })).example).toEqual(
      example,
    );
    const file = { "slipway.yaml": "example: ./example.json", "example.json": JSON.stringify(example) };
    expect((await specOf({ "model.pkl": columns, ...file })).example).toEqual(example);
  });

  it("may hold every number that is kept as it is, and any in quotes", async () => {
    const text = '{"instances": [9007199254740991, -0.5e-3, 1e300, "\\\\", "1e400", "12345678901234567890"]}';
    const files = { "model.pkl": columns, "slipway.yaml": "example: example.json", "example.json": text };
    expect((await specOf(files)).example).toEqual(JSON.parse(text));
    const long = { ...files, "example.json": `{"instances": ["${'\\"'.repeat(400_000)}"]}` };
    expect((await specOf(long)).example).toEqual(JSON.parse(long["example.json"]));
  });

  it.each([
    ["[1, 2]", "an example is a request"],
    ["{", "example.json is no JSON"],
    ['{"instance": [1]}', '"instance" is no key of a request (did you mean "instances"'],
    ['{"instances": []}', "instances is a list of at least one"],
    ['{"instances": [1], "inputs": {}}', "not both"],
    ["{}", "a request has instances"],
    [`{"instances": ${"[".repeat(100_000)}${"]".repeat(100_000)}}`, "nests deeper than 64 levels"],
    ['{"instances": ["\\u0000"]}', "holds a NUL character"],
    ['{"instances": [1e400]}', "1e400 is too large for a number"],
    ['{"instances": [{"a": -1E999}]}', "-1E999 is too large for a number"],
    ['{"instances": [12345678901234567890]}', "12345678901234567890 is a number beyond 2^53"],
    ['{"instances": ["\\"", -9007199254740993]}', "-9007199254740993 is a number beyond 2^53"],
    [Buffer.from('{"instances": [1]}', "utf16le"), "example.json is not UTF-8 text"],
  ])("that is %.40s is refused", async (text, expected) => {
    const found = await faultsOf({
      "model.pkl": columns,
      "slipway.yaml": "example: example.json",
      "example.json": text,
    });
    expect(found.join()).toContain(expected);
  });

  it("is kept with what its answer has to be", async () => {
    const yaml = "example: {instances: [[1, 2]]}\nexpect: {predictions: [0.5]}";
    expect((await specOf({ "model.pkl": columns, "slipway.yaml": yaml })).expect).toEqual({ predictions: [0.5] });
  });

  it.each([
    ["expect: {predictions: [0]}", "slipway.yaml: expect: compares the answer to an example"],
    [
      "example: {instances: [[1, 2]]}\nexpect: {predictions: [0, 1]}",
      "slipway.yaml: expect.predictions: has 2 predictions, and the example 1 instances",
    ],
  ])("is there, and as long, where an answer is expected: %s", async (yaml, reason) => {
    await expect(specOf({ "model.pkl": columns, "slipway.yaml": yaml })).rejects.toThrow(reason);
  });
});

describe("labels and metadata", () => {
  const describeWith = (yaml: string, given: Parameters<typeof describePackage>[1]) =>
    describePackage(packageOf({ "model.pkl": columns, "slipway.yaml": yaml }), given);

  it("join those that were given with the version", async () => {
    const { labels, metadata } = await describeWith("labels: {a: x, b: y}\nmetadata: {m: {auc: 0.9, n: [1]}}", {
      labels: { b: "y", c: "z" },
      metadata: { m: { n: [1], auc: 0.9 }, seed: 1 },
    });
    expect(labels).toEqual({ a: "x", b: "y", c: "z" });
    expect(metadata).toEqual({ m: { auc: 0.9, n: [1] }, seed: 1 });
  });

  it("with the same key and another value are a fault, each", async () => {
    const error = await describeWith("labels: {a: x}\nmetadata: {m: 1}", {
      labels: { a: "y" },
      metadata: { m: "1" },
    }).catch((thrown) => thrown);
    expect(error.faults.map(({ where }: { where: string }) => where)).toEqual([
      "slipway.yaml: labels.a",
      "slipway.yaml: metadata.m",
    ]);
  });

  it("keep to the limits of those given by the API", async () => {
    expect((await faultsOf({ "model.pkl": columns, "slipway.yaml": 'labels: {"a b": x}' })).join()).toContain(
      "slipway.yaml: labels.a b",
    );
    expect((await faultsOf({ "model.pkl": columns, "slipway.yaml": 'metadata: {a: "\\0"}' })).join()).toContain(
      "slipway.yaml: metadata",
    );
  });

  it("may have keys that JavaScript has a meaning for", async () => {
    const { labels, metadata } = await describeWith(
      "metadata: {__proto__: {x: 1}, constructor: 1}\nlabels: {toString: a}",
      nothingGiven,
    );
    expect(Object.entries(labels)).toEqual([["toString", "a"]]);
    expect(Object.entries(metadata)).toEqual([
      ["__proto__", { x: 1 }],
      ["constructor", 1],
    ]);
  });
});
