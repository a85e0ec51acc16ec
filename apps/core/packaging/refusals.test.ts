import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { describePackage } from "./describe-package.ts";
import { faultsOf, packageOf } from "./testing/package-of.ts";

const nothingGiven = { labels: {}, metadata: {} };
const columns = fixture("columns-4.joblib");
const linear = fixture("linear.onnx");

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
    ["system_packages: [libsndfile1]", "system_packages"],
    ["build: dockerfile", "build: dockerfile"],
  ])("for another architecture with %s, which takes commands, says so", async (key, name) => {
    const files = { "model/model.pkl": columns, Dockerfile: "FROM scratch\n" };
    const found = await faultsOf({ ...files, "slipway.yaml": `platforms: [linux/amd64, linux/arm64]\n${key}` });
    expect(found).toEqual([
      "slipway.yaml: platforms: takes commands that would have to be run on linux/arm64, and they are run on linux/amd64 " +
        `alone: leave linux/arm64 out, or do without ${name}`,
    ]);
  });

  it.each([
    ["checkpoint.pt", "is a PyTorch checkpoint (torch.save): holds weights", "torch.jit.trace(model, example)"],
    ["model.skops", "is a skops file: there is no runtime for it", "joblib.dump"],
    ["weights.safetensors", "is a safetensors file: holds weights", "a class Predictor in src/predictor.py"],
  ])("because nothing serves %s, says what it is and what to do", async (name, what, remedy) => {
    const [fault, ...others] = await faultsOf({ [`model/${name}`]: fixture(name) });
    expect(others).toEqual([]);
    expect(fault).toContain(`model/${name} ${what}`);
    expect(fault).toContain(remedy);
    expect(await faultsOf({ [`model/${name}`]: fixture(name), "src/predictor.py": "class Predictor: pass" })).toEqual(
      [],
    );
  });

  it.each([
    ["GGUF\x03\0\0\0", "is a GGUF model"],
    ["\x1c\0\0\0TFL3", "is a TensorFlow Lite model"],
  ])("because its model begins with %j, names it", async (head, what) => {
    const [fault] = await faultsOf({ "model.bin": Buffer.from(head, "latin1") });
    expect(fault).toContain(`model.bin ${what}: `);
  });

  it.each([
    ["lambda.keras", "holds a Lambda layer with Python bytecode in it"],
    ["lambda.h5", "holds a Lambda layer with Python bytecode in it"],
    ["own-layer.keras", "uses OfScript of the script or notebook that saved it"],
    ["dense.weights.h5", "is an HDF5 file without a Keras model's architecture"],
    ["model.keras", "is a Keras model whose metadata.json is no JSON"],
  ])("because Keras would not load %s, says so", async (name, expected) => {
    const [fault, ...others] = await faultsOf({ [`model/${name}`]: fixture(name) });
    expect(others).toEqual([]);
    expect(fault).toContain(`model/${name}: model/${name} ${expected}`);
  });

  it("because an archive is cut off, asks for the whole of it", async () => {
    const [fault] = await faultsOf({ "model.keras": fixture("dense.keras").subarray(0, 5_000) });
    expect(fault).toContain("as a ZIP archive's do: is the upload complete?");
  });

  it.each([
    ["model/saved_model.pb", "model/saved_model.pb ends at byte 1"],
    ["model/churn/saved_model.pb", "model/churn/saved_model.pb ends at byte 1"],
    ["model/MLmodel", "model/MLmodel has no python_function flavor"],
    ["MLmodel", "MLmodel has no python_function flavor"],
    ["exported/MLmodel", "exported/MLmodel has no python_function flavor"],
    ["bento.yaml", "the package holds no model: name it in the service"],
  ])("because a folder is a damaged model, names it (%s)", async (path, expected) => {
    const beside = path.replace(/[^/]*$/, "model.pkl");
    expect((await faultsOf({ [path]: "x", [beside]: columns })).join()).toContain(expected);
    const folder = path.replace(/\/?[^/]*$/, "");
    if (folder !== "")
      expect((await faultsOf({ [path]: "x", "slipway.yaml": `model: ${folder}/` })).join()).toContain(expected);
  });

  it("because format is that of another folder, says what it is", async () => {
    expect(await faultsOf({ "model/MLmodel": "x", "slipway.yaml": "format: savedmodel" })).toEqual([
      "slipway.yaml: format: savedmodel does not fit: model is an MLflow model",
    ]);
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
