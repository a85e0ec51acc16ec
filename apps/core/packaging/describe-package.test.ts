import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { describePackage } from "./describe-package.ts";
import { faultsOf, packageIn, packageOf } from "./testing/package-of.ts";

const nothingGiven = { labels: {}, metadata: {} };
const columns = fixture("columns-4.joblib");
const linear = fixture("linear.onnx");
const predictor = "class Predictor:\n    pass\n";

async function specOf(contents: Record<string, Buffer | string>) {
  return (await describePackage(packageOf(contents), nothingGiven)).spec;
}

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

describe("what answers", () => {
  it("is a Predictor before a model file", async () => {
    expect(await specOf({ "src/predictor.py": predictor, "model/model.pkl": columns })).toMatchObject({
      format: "python",
      modelFile: null,
    });
  });

  it("is the class that predictor names", async () => {
    const files = { "slipway.yaml": "predictor: serving/churn.py:Churn", "serving/churn.py": "class Churn: pass" };
    expect(await specOf(files)).toMatchObject({ predictor: { file: "serving/churn.py", class: "Churn" } });
  });

  it("is no Predictor where predictor.py has no such class", async () => {
    expect(await specOf({ "src/predictor.py": "# class Predictor:\n", "model.pkl": columns })).toMatchObject({
      format: "sklearn",
    });
  });

  it("is a Predictor also where slipway.yaml names model and format; a note says so", async () => {
    const files = {
      "slipway.yaml": "format: sklearn\nmodel: model/model.pkl",
      "src/predictor.py": predictor,
      "model/model.pkl": columns,
    };
    const { spec, notes } = await describePackage(packageOf(files), nothingGiven);
    expect(spec).toMatchObject({ format: "python", modelFile: null });
    expect(notes.join("\n")).toContain("src/predictor.py:Predictor answers");
  });

  it("is the model that is named, before the one that would be found", async () => {
    const files = { "slipway.yaml": "model: other.pkl", "model/model.pkl": columns, "other.pkl": columns };
    expect(await specOf(files)).toMatchObject({ modelFile: "other.pkl" });
  });

  it("is looked for in model/ before the top, and by model.* before other names", async () => {
    expect(await specOf({ "model/churn.pkl": columns, "model.pkl": columns })).toMatchObject({
      modelFile: "model/churn.pkl",
    });
    expect(await specOf({ "model/model.pkl": columns, "model/encoder.pkl": columns })).toMatchObject({
      modelFile: "model/model.pkl",
    });
    expect(await specOf({ "churn.joblib": columns, "README.md": "# Churn" })).toMatchObject({
      modelFile: "churn.joblib",
    });
  });

  it("is never the preprocessor", async () => {
    expect(await specOf({ "model/churn.pkl": columns, "model/preprocessor.pkl": columns })).toMatchObject({
      modelFile: "model/churn.pkl",
      preprocessorFile: "model/preprocessor.pkl",
    });
  });

  it("is told by the bytes, whatever the file is called", async () => {
    expect(await specOf({ "model/weights.bin": linear })).toMatchObject({ format: "onnx" });
    expect(await specOf({ "model/model.onnx": columns })).toMatchObject({ format: "sklearn" });
  });

  it("is of several the one that format names", async () => {
    const both = { "model/model.pkl": columns, "model/model.onnx": linear };
    expect(await specOf({ ...both, "slipway.yaml": "format: onnx" })).toMatchObject({ modelFile: "model/model.onnx" });
    expect(await faultsOf(both)).toEqual([
      "model/: 2 files can be the model: model/model.onnx, model/model.pkl. Name one in slipway.yaml, such as model: model/model.onnx",
    ]);
  });

  it("is preceded by the preprocessor.pkl beside it, or by the one that is named", async () => {
    const files = { "model/model.pkl": columns, "model/preprocessor.pkl": columns, "preprocessor.pkl": columns };
    expect(await specOf(files)).toMatchObject({ preprocessorFile: "model/preprocessor.pkl" });
    expect(await specOf({ ...files, "slipway.yaml": "preprocessor: preprocessor.pkl" })).toMatchObject({
      preprocessorFile: "preprocessor.pkl",
    });
  });

  it("is not looked for where slipway.yaml cannot be read", async () => {
    expect(await faultsOf({ "slipway.yaml": "model: [", "a.pkl": columns, "b.pkl": columns })).toHaveLength(1);
  });
});

describe("a package that cannot be served", () => {
  it("without any model says what was looked for, and what may be meant", async () => {
    const [fault, ...others] = await faultsOf({ "README.md": "hello", "artifacts/v1/model.pkl": columns });
    expect(others).toEqual([]);
    expect(fault).toContain("looked for class Predictor in src/predictor.py, then for a model file");
    expect(fault).toContain("model: artifacts/v1/model.pkl in slipway.yaml");
  });

  it("with two candidates lists them", async () => {
    const [fault] = await faultsOf({ "model/b.pkl": columns, "model/a.pkl": columns });
    expect(fault).toContain("2 files can be the model: model/a.pkl, model/b.pkl");
  });

  it.each([
    ["model: modle/model.pkl", 'the package has no modle/model.pkl (did you mean "model/model.pkl"?)'],
    ["model: model.pkl", 'the package has no model.pkl (did you mean "model/model.pkl"?)'],
    [
      "model: model",
      'model is a folder, and no model as a whole: name the file in it (did you mean "model/model.pkl"?)',
    ],
    ["preprocessor: model/preprocesor.pkl", "slipway.yaml: preprocessor: the package has no model/preprocesor.pkl"],
    [
      "requirements: requirement.txt",
      'slipway.yaml: requirements: the package has no requirement.txt (did you mean "requirements.txt"?)',
    ],
    ["predictor: src/predict.py", 'the package has no src/predict.py (did you mean "src/predictor.py"?)'],
    ["predictor: src/predictor.py:Predicter", "src/predictor.py has no class Predicter; its classes are Scorer"],
    ["example: example.json", "slipway.yaml: example: the package has no example.json"],
    ["format: onnx", "slipway.yaml: format: onnx does not fit: model/model.pkl is a Python pickle"],
    ["format: python", "python is served by a class Predictor"],
  ])("because %s names what is not there, says so", async (yaml, expected) => {
    const files = {
      "model/model.pkl": columns,
      "requirements.txt": "scikit-learn",
      "src/predictor.py": "class Scorer: pass",
    };
    const found = await faultsOf({ ...files, "slipway.yaml": yaml });
    expect(found.join("\n")).toContain(expected);
    expect(found).toHaveLength(1);
  });

  it.each([
    ["script.pt", "a TorchScript model"],
    ["checkpoint.pt", "a PyTorch checkpoint"],
    ["model.keras", "a Keras model"],
    ["model.skops", "a skops file"],
    ["weights.safetensors", "a safetensors file"],
    ["xgboost.json", "an XGBoost model"],
    ["xgboost.ubj", "an XGBoost model"],
    ["lightgbm.txt", "a LightGBM model"],
  ])("because there is no runtime for it yet, is named (%s: %s)", async (name, what) => {
    const [fault, ...others] = await faultsOf({ [`model/${name}`]: fixture(name) });
    expect(others).toEqual([]);
    expect(fault).toContain(`${what}`);
    expect(fault).toContain("there is no runtime for it yet");
  });

  it.each([
    ["model/saved_model.pb", "model is a TensorFlow SavedModel"],
    ["model/churn/saved_model.pb", "model/churn is a TensorFlow SavedModel"],
    ["model/MLmodel", "model is an MLflow model"],
    ["MLmodel", "the package is an MLflow model"],
    ["exported/MLmodel", "exported is an MLflow model"],
    ["bento.yaml", "the package is a Bento"],
  ])("because a folder is a model without a runtime, names it (%s)", async (path, expected) => {
    const beside = path.replace(/[^/]*$/, "model.pkl");
    expect((await faultsOf({ [path]: "x", [beside]: columns })).join()).toContain(
      `${expected}: there is no runtime for it yet`,
    );
    const folder = path.replace(/\/?[^/]*$/, "");
    if (folder !== "")
      expect((await faultsOf({ [path]: "x", "slipway.yaml": `model: ${folder}/` })).join()).toContain(expected);
  });

  it.each([
    ["a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "run git lfs pull"],
    ["an empty file", "", "model/model.pkl is empty"],
    ["an HTML page", "<!DOCTYPE html><p>Not found", 'its bytes begin with "<!DOCTYPE html><"'],
    ["a truncated pickle", columns.subarray(0, 500), "model/model.pkl ends at byte 500"],
    ["a compression that cannot be looked into", fixture("columns-xz.joblib"), "is compressed with xz"],
    ["a dict", fixture("dict.pkl"), "holds a dict, not an estimator"],
    ["an array", fixture("array.pkl"), "holds a numpy array, not an estimator"],
    [
      "another library's object",
      fixture("xgboost.pkl"),
      "is a pickle of xgboost.sklearn.XGBClassifier, not of scikit-learn",
    ],
    [
      "a class of the script that saved it",
      fixture("main.pkl"),
      "uses Doubler of the script or notebook that saved it (__main__)",
    ],
    [
      "a class of a module that is not there",
      fixture("of-package.pkl"),
      "imports src.features, which the package does not hold",
    ],
    ["a truncated ONNX model", linear.subarray(0, 100), "is the upload complete?"],
  ])("because its model is %s, says so", async (_what, bytes, expected) => {
    const [fault, ...others] = await faultsOf({ "model/model.pkl": bytes });
    expect(others).toEqual([]);
    expect(fault).toContain("model/model.pkl: model/model.pkl ");
    expect(fault).toContain(expected);
  });

  it("because weights lie in a file that is not there, names it", async () => {
    const [fault] = await faultsOf({ "model/model.onnx": fixture("external.onnx"), "weights.bin": "x" });
    expect(fault).toContain('keeps weights in "weights.bin" beside it, which the package does not hold');
    expect(await faultsOf({ "model/model.onnx": fixture("external.onnx"), "model/weights.bin": "12345678" })).toEqual(
      [],
    );
  });

  it("because a preprocessor would be forgotten, says how it is applied", async () => {
    const [fault] = await faultsOf({ "model/model.pkl": columns, "model/preprocessor.joblib": columns });
    expect(fault).toContain("say preprocessor: model/preprocessor.joblib in slipway.yaml");
  });

  it("because a preprocessor is no pickle, or stands before no pickle, says so", async () => {
    expect((await faultsOf({ "model.pkl": columns, "preprocessor.pkl": linear })).join()).toContain(
      "preprocessor.pkl is an ONNX model",
    );
    expect((await faultsOf({ "model.pkl": columns, "preprocessor.pkl": "text" })).join()).toContain(
      "its bytes begin with",
    );
    const onnx = { "slipway.yaml": "preprocessor: p.pkl", "model.onnx": linear, "p.pkl": columns };
    expect((await faultsOf({ ...onnx, "slipway.yaml": "preprocessor: p.pkl\nmodel: model.onnx" })).join()).toContain(
      "before a pickled model only",
    );
  });

  it("because slipway.yaml is called otherwise, says its name", async () => {
    expect(await faultsOf({ "slipway.yml": "schema: 1", "model.pkl": columns })).toEqual([
      "slipway.yml: slipway.yml would not be read: call it slipway.yaml",
    ]);
  });

  it("because slipway.yaml is too large, does not read it", async () => {
    const reader = packageOf({ "model.pkl": columns, "slipway.yaml": "" });
    const files = reader.files.map((file) =>
      file.path === "slipway.yaml" ? { ...file, sizeBytes: 10 * 1024 ** 3 } : file,
    );
    const error = await describePackage({ ...reader, files }, nothingGiven).catch((thrown) => thrown);
    expect(error.faults).toEqual([
      { where: "slipway.yaml", message: expect.stringContaining("is larger than 256 KiB") },
    ]);
  });

  it("for several reasons says all of them at once", async () => {
    const error = await describePackage(
      packageOf({
        "slipway.yaml": "modle: x\nenvironment: {API_KEY: a}\nlabels: {team: a}\n",
        "requirements.txt": "numpy=1\n-e .\n",
        ".python-version": "pypy3.9\n",
      }),
      { labels: { team: "b" }, metadata: {} },
    ).catch((thrown) => thrown);
    expect(isSlipwayError(error, "package_invalid")).toBe(true);
    expect(error.faults.map(({ where }: { where: string }) => where)).toEqual([
      "slipway.yaml: modle",
      "slipway.yaml: environment.API_KEY",
      "package",
      "requirements.txt:1",
      "requirements.txt:2",
      ".python-version",
      "slipway.yaml: labels.team",
    ]);
    expect(error.message).toContain("and 6 more");
  });

  it("for thousands of reasons lists a hundred, and says how many more there are", async () => {
    const found = await faultsOf({ "model.pkl": columns, "requirements.txt": "-e .\n".repeat(5_000) });
    expect(found).toHaveLength(101);
    expect(found.at(-1)).toContain("4900 more faults are not listed");
  });

  it("with no file at all has no model", async () => {
    expect((await faultsOf({})).join()).toContain("no model was found");
  });
});

describe("requirements", () => {
  const requirements = async (contents: Record<string, Buffer | string>) => (await specOf(contents)).requirements;

  it("are the package's own, before what the file says", async () => {
    const { spec, notes } = await describePackage(
      packageOf({ "model.pkl": columns, "requirements.txt": "scikit-learn==1.8.0\npandas" }),
      nothingGiven,
    );
    expect(spec.requirements).toEqual(["pandas", "scikit-learn==1.8.0"]);
    expect(notes).toEqual(["the requirements pin scikit-learn 1.8.0, and the model was saved by 1.9.1"]);
  });

  it("are what the file says where the package says nothing: its version, and pandas for named columns", async () => {
    expect(await requirements({ "model.pkl": columns })).toEqual(["pandas", "scikit-learn==1.9.1"]);
    expect(await requirements({ "model.pkl": fixture("text.joblib") })).toEqual(["scikit-learn==1.9.1"]);
  });

  it("hold the framework also where the package names other things only", async () => {
    expect(await requirements({ "model.pkl": columns, "requirements.txt": "Pandas==3.1.1\nrich" })).toEqual([
      "pandas==3.1.1",
      "rich",
      "scikit-learn==1.9.1",
    ]);
  });

  it("hold the library whose estimator is pickled", async () => {
    expect(await requirements({ "slipway.yaml": "format: sklearn", "model.pkl": fixture("xgboost.pkl") })).toEqual([
      "scikit-learn>=1.5",
      "xgboost",
    ]);
  });

  it("of an ONNX model are onnxruntime and numpy", async () => {
    expect(await requirements({ "model.onnx": linear })).toEqual(["numpy", "onnxruntime>=1.20"]);
    expect(
      await requirements({ "model.onnx": linear, "requirements.txt": "onnxruntime-gpu==1.32.0\nnumpy<3" }),
    ).toEqual(["numpy<3", "onnxruntime-gpu==1.32.0"]);
  });

  it("of a Predictor are its own alone", async () => {
    expect(await requirements({ "src/predictor.py": predictor })).toEqual([]);
  });

  it("ask for numpy 1 where scikit-learn was made for it", async () => {
    const old = Buffer.from(fixture("columns-4.pkl").toString("latin1").replaceAll("1.9.1", "1.2.2"), "latin1");
    expect(await requirements({ "model.pkl": old })).toEqual(["numpy<2", "pandas", "scikit-learn==1.2.2"]);
    const pinned = { "model.pkl": fixture("text.joblib"), "requirements.txt": "scikit-learn==1.2.2" };
    expect(await requirements(pinned)).toEqual(["numpy<2", "scikit-learn==1.2.2"]);
    expect(await requirements({ ...pinned, "requirements.txt": "scikit-learn==1.2.2\nnumpy==1.26.4" })).toEqual([
      "numpy==1.26.4",
      "scikit-learn==1.2.2",
    ]);
  });

  it("do not ask for a version that no index has", async () => {
    const unreleased = Buffer.from(
      fixture("columns-0.pkl").toString("latin1").replaceAll("V1.9.1\n", "V1.9.dev0\n"),
      "latin1",
    );
    expect(await requirements({ "model.pkl": unreleased })).toEqual(["pandas", "scikit-learn>=1.5"]);
  });

  it("may lie elsewhere", async () => {
    const files = {
      "slipway.yaml": "requirements: deploy/needs.txt",
      "deploy/needs.txt": "scikit-learn==1.9.1",
      "model.pkl": fixture("text.joblib"),
    };
    expect(await requirements({ ...files, "requirements.txt": "-r everything" })).toEqual(["scikit-learn==1.9.1"]);
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

describe("the example", () => {
  it("may be written out, or lie in a file", async () => {
    const example = { instances: [[1, 2]] };
    expect((await specOf({ "model.pkl": columns, "slipway.yaml": "example: {instances: [[1, 2]]}" })).example).toEqual(
      example,
    );
    const file = { "slipway.yaml": "example: ./example.json", "example.json": JSON.stringify(example) };
    expect((await specOf({ "model.pkl": columns, ...file })).example).toEqual(example);
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
  ])("that is %.40s is refused", async (text, expected) => {
    const found = await faultsOf({
      "model.pkl": columns,
      "slipway.yaml": "example: example.json",
      "example.json": text,
    });
    expect(found.join()).toContain(expected);
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
