import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { tarOf } from "#test/tar-of.ts";
import { describePackage } from "./describe-package.ts";
import { faultsOf, packageOf, specOf } from "./testing/package-of.ts";

type Contents = Record<string, Buffer | string>;

/** The files of a folder of fixtures, below `folder`. */
function fixtures(name: string, folder: string): Contents {
  const root = new URL(`../inspect/fixtures/${name}`, import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [join(folder, path.slice(root.length + 1)), readFileSync(path)];
    }),
  );
}

const tensor = (name: string, type: string, shape: number[]) => ({ name, type, shape, optional: false });

describe("trees", () => {
  it.each(["json", "ubj"])("of XGBoost (%s) are served by the version that reads them, without CUDA", async (kind) => {
    expect(await specOf({ [`model.${kind}`]: fixture(`xgboost-named.${kind}`) })).toMatchObject({
      format: "xgboost",
      modelFile: `model.${kind}`,
      requirements: ["xgboost-cpu>=3.2.0"],
      signature: {
        inputs: [tensor("age", "float64", [-1]), tensor("fare", "float64", [-1])],
        outputs: [tensor("prediction", "float32", [-1, 3])],
      },
    });
  });

  it("of XGBoost are served by the package that the requirements name, whichever it is", async () => {
    const model = { "model.ubj": fixture("xgboost.ubj") };
    for (const line of ["xgboost==2.1.4", "xgboost-cpu==3.0.5"])
      expect((await specOf({ ...model, "requirements.txt": line })).requirements).toEqual([line]);
  });

  it("of XGBoost in its old binary format are served by a version that reads it", async () => {
    expect((await specOf({ "model.bst": "binf\0\0\0\0" })).requirements).toEqual(["xgboost-cpu>=2.1,<3.1"]);
  });

  it("of LightGBM are served with the signature of their columns", async () => {
    expect(await specOf({ "model/model.txt": fixture("lightgbm-named.txt") })).toMatchObject({
      format: "lightgbm",
      modelFile: "model/model.txt",
      requirements: ["lightgbm>=4"],
      signature: { inputs: [{ name: "age" }, { name: "fare" }] },
    });
    expect((await specOf({ "model.txt": fixture("lightgbm.txt") })).signature).toBeNull();
  });
});

describe("a Keras file", () => {
  it.each(["dense.keras", "dense.h5"])("is served by the Keras that saved it, on jax (%s)", async (name) => {
    expect(await specOf({ [`model/${name}`]: fixture(name) })).toMatchObject({
      format: "keras",
      modelFile: `model/${name}`,
      requirements: ["jax", "keras==3.15.1", "numpy"],
    });
  });

  it("is served by what the requirements name", async () => {
    const requirements = async (text: string) =>
      (await specOf({ "model.keras": fixture("dense.keras"), "requirements.txt": text })).requirements;
    expect(await requirements("tensorflow-cpu==2.20.*")).toEqual(["numpy", "tensorflow-cpu==2.20.*"]);
    expect(await requirements("keras==3.9.0\ntorch")).toEqual(["keras==3.9.0", "numpy", "torch"]);
    expect(await requirements("keras==3.9.0")).toEqual(["jax", "keras==3.9.0", "numpy"]);
  });
});

describe("a Keras file of old", () => {
  it("is served by Keras 3, which reads it", async () => {
    expect((await specOf({ "model.h5": fixture("keras-2.h5") })).requirements).toEqual(["jax", "keras>=3", "numpy"]);
  });
});

describe("a SavedModel", () => {
  it.each([
    ["model", "model"],
    ["model/churn", "model/churn"],
    ["", "."],
  ])("is served by a TensorFlow that reads it, with the signature of its file (in %j)", async (folder, modelFile) => {
    expect(await specOf(fixtures("saved-model", folder))).toMatchObject({
      format: "savedmodel",
      modelFile,
      requirements: ["numpy", "tensorflow-cpu>=2.21.0"],
      signature: {
        inputs: [tensor("country", "string", [-1]), tensor("rows", "float32", [-1, 2])],
        outputs: [tensor("length", "int32", [-1]), tensor("sum", "float32", [-1, 1])],
      },
    });
  });

  it("is served by what the requirements name", async () => {
    const files = { ...fixtures("saved-model", "model"), "requirements.txt": "tensorflow==2.20.0\nnumpy<3" };
    expect((await specOf(files)).requirements).toEqual(["numpy<3", "tensorflow==2.20.0"]);
  });

  it("without its weights is incomplete", async () => {
    const files = fixtures("saved-model", "model");
    const { "model/variables/variables.data-00000-of-00001": _, ...unweighed } = files;
    expect(await faultsOf(unweighed)).toEqual([
      "model/saved_model.pb: model/saved_model.pb keeps weights in model/variables/variables.data-00000-of-00001, which the package does not hold",
    ]);
    const { "model/variables/variables.index": __, ...unindexed } = files;
    expect((await faultsOf(unindexed)).join()).toContain("model/variables/variables.index, which");
  });

  it("without a signature says how to save one", async () => {
    expect((await faultsOf({ "model/saved_model.pb": fixture("unsigned.pb") })).join()).toContain("has no signature");
  });
});

describe("a TorchScript file", () => {
  const model = { "model.pt": fixture("script.pt") };

  it("is served by Debian's torch, and bookworm's may have no numpy 2 over it", async () => {
    expect(await specOf(model)).toMatchObject({
      format: "torchscript",
      modelFile: "model.pt",
      requirements: [],
      constraints: ['numpy<2 ; python_version < "3.12"'],
      basePackages: ["python3-torch"],
    });
  });

  it("is served by the requirements' torch where they name one, with no other base", async () => {
    const spec = await specOf({ ...model, "requirements.txt": "torch==2.9.1" });
    expect(spec.requirements).toEqual(["numpy", "torch==2.9.1"]);
    expect(spec).not.toHaveProperty("basePackages");
    expect(spec).not.toHaveProperty("constraints");
  });

  it("is served by torch's wheels where the operator has an index of them", async () => {
    const offers = { pythons: null, hasTorchIndex: true };
    const { spec } = await describePackage(packageOf(model), { labels: {}, metadata: {} }, offers);
    expect(spec.requirements).toEqual(["numpy", "torch>=2"]);
    expect(spec).not.toHaveProperty("basePackages");
  });
});

describe("an MLflow folder", () => {
  const asked = [
    "cloudpickle==3.1.3",
    "mlflow-skinny==3.17.2",
    "numpy",
    "pandas==3.1.1",
    "psutil==7.2.2",
    "rich==15.0.0",
    "scikit-learn==1.9.1",
  ];

  it.each([
    ["model", "model"],
    ["", "."],
  ])("is served with its requirements, signature and example (in %j)", async (folder, modelFile) => {
    expect(await specOf(fixtures("mlflow", folder))).toMatchObject({
      format: "mlflow",
      modelFile,
      pythonMinor: "3.11",
      requirements: asked,
      signature: {
        inputs: [tensor("age", "float64", [-1]), tensor("fare", "float64", [-1])],
        outputs: [tensor("output", "int64", [-1])],
      },
      example: {
        instances: [
          { age: 20, fare: 1 },
          { age: 30, fare: 2 },
        ],
      },
    });
  });

  it("is served with the package's own requirements where it has them, as they are", async () => {
    const files = { ...fixtures("mlflow", "model"), "requirements.txt": "mlflow==3.17.2\nscikit-learn==1.9.1\n" };
    expect((await specOf(files)).requirements).toEqual(["mlflow==3.17.2", "numpy", "pandas", "scikit-learn==1.9.1"]);
  });

  it("has its requirements in conda.yaml where it is older", async () => {
    const { "model/requirements.txt": _, "model/python_env.yaml": __, ...older } = fixtures("mlflow", "model");
    expect(await specOf(older)).toMatchObject({ requirements: asked, pythonMinor: "3.11" });
    const conda = "dependencies:\n- python=3.12.1\n- libgomp\n- pip:\n  - mlflow\n  - git+https://example.org/x\n";
    expect(await faultsOf({ ...older, "model/conda.yaml": conda })).toEqual([
      expect.stringContaining('model/conda.yaml: dependencies.pip[1]: "git+https://example.org/x" names a repository'),
    ]);
  });

  it("whose columns no request can be held against is left to MLflow to check", async () => {
    const files = fixtures("mlflow", "model");
    const text = String(files["model/MLmodel"]).replace(
      '{"type": "double", "name": "age"',
      '{"type": "datetime", "name": "age"',
    );
    const { spec, notes } = await describePackage(packageOf({ ...files, "model/MLmodel": text }), {
      labels: {},
      metadata: {},
    });
    expect(spec.signature).toBeNull();
    expect(notes.join()).toContain("left to MLflow to check");
  });

  it("without the data that it names is incomplete", async () => {
    const { "model/model.pkl": _, ...without } = fixtures("mlflow", "model");
    expect(await faultsOf(without)).toEqual([
      "model/MLmodel: model/MLmodel names model.pkl, which the package does not hold",
    ]);
  });

  it("is read as YAML that is anybody's", async () => {
    const bomb = `a: &a [x]\n${"bcdefgh"
      .split("")
      .map((name, index) => `${name}: &${name} [${`*${"abcdefg"[index]},`.repeat(20)}]`)
      .join("\n")}`;
    for (const [text, reason] of [
      [bomb, "aliases"],
      ["[".repeat(10_000), "nests deeper"],
      ["flavors: {python_function: {loader_module: x}", "cannot be read"],
      ["- a\n".repeat(500_000), "is too large to be read at once"],
    ] as const)
      expect((await faultsOf({ MLmodel: text })).join()).toContain(reason);
  });
});

describe("a Bento", () => {
  const bento = async (more: Record<string, string> = {}) => {
    const files = {
      "bento.yaml": "name: plants\nimage: {python_version: '3.11'}\n",
      "env/python/requirements.txt": "scikit-learn==1.9.1\nbentoml==1.4.40\nrich\n",
      "models/plants/abc/model.yaml": "module: bentoml.sklearn\ncontext: {framework_versions: {scikit-learn: 1.9.1}}\n",
      "models/plants/abc/saved_model.pkl": "x",
      ...more,
    };
    return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  };

  it("that was exported is served by its model's framework, with its requirements", async () => {
    expect(await specOf({ "plants.bento": fixture("plants.bento") })).toMatchObject({
      format: "bentoml",
      modelFile: "plants.bento",
      pythonMinor: "3.11",
      requirements: ["scikit-learn==1.9.1"],
    });
  });

  it("is the same as a folder, and as an archive of any kind", async () => {
    const asked = { format: "bentoml", pythonMinor: "3.11", requirements: ["rich", "scikit-learn==1.9.1"] };
    const files = await bento();
    expect(await specOf(files)).toMatchObject({ ...asked, modelFile: "." });
    const archive = await tarOf(files);
    for (const bytes of [archive, gzipSync(archive)])
      expect(await specOf({ "a.bento": bytes })).toMatchObject({ ...asked, modelFile: "a.bento" });
  });

  it("without requirements asks for the version that saved its model", async () => {
    const { "env/python/requirements.txt": _, ...files } = await bento();
    expect((await specOf(files)).requirements).toEqual(["scikit-learn==1.9.1"]);
  });

  it.each([
    [{ "models/other/a/model.yaml": "module: bentoml.sklearn\n" }, "holds 2 models, and a Bento of one is served"],
    [{ "models/plants/abc/model.yaml": "module: bentoml.transformers\n" }, "holds a model of bentoml.transformers"],
    [{ "env/python/requirements.txt": "--index-url https://x.org\n" }, "chooses where packages come from"],
  ])("that cannot be served says why (%j)", async (more, reason) => {
    expect((await faultsOf(await bento(more))).join()).toContain(reason);
  });

  it("is refused where its archive is cut off, holds none, or grows beyond measure", async () => {
    const whole = fixture("plants.bento");
    for (const length of [100, 3_000, whole.length - 100])
      expect((await faultsOf({ "a.bento": whole.subarray(0, length) })).join()).toMatch(/cut off|broken/);
    expect((await faultsOf({ "a.bento": gzipSync(await tarOf({ "x.txt": Buffer.from("x") })) })).join()).toContain(
      "is a tar archive and no Bento",
    );
    const zeros = gzipSync(await tarOf({ "bento.yaml": Buffer.from("name: a"), zeros: Buffer.alloc(200 * 1024 ** 2) }));
    expect((await faultsOf({ "a.bento": zeros })).join()).toContain("more than 100 times as large");
  });

  it("is no archive that lies beside a model", async () => {
    const data = gzipSync(await tarOf({ "rows.csv": Buffer.from("1,2") }));
    expect(await specOf({ "model.ubj": fixture("xgboost.ubj"), "data.tar.gz": data })).toMatchObject({
      format: "xgboost",
    });
  });
});

describe("a signature in slipway.yaml", () => {
  const model = { "model.ubj": fixture("xgboost-named.ubj") };
  const faults = (yaml: string) => faultsOf({ ...model, "slipway.yaml": `signature: ${yaml}` });

  it("wins over the file's where it can be true", async () => {
    const yaml = "signature: {inputs: [{name: fare, type: int64}, {name: age, type: float32}]}";
    expect((await specOf({ ...model, "slipway.yaml": yaml })).signature).toEqual({
      inputs: [tensor("fare", "int64", [-1]), tensor("age", "float32", [-1])],
      outputs: [],
    });
  });

  it.each([
    [
      "{inputs: [{name: age, type: float64}, {name: fair, type: float64}]}",
      '"fair" is no input of model.ubj (did you mean "fare"?)',
    ],
    ["{inputs: [{name: age, type: float64}]}", "leaves out fare, which model.ubj needs"],
    [
      "{inputs: [{name: age, type: float64}, {name: fare, type: float64, shape: [-1, 4]}]}",
      "signature.inputs[1].shape: is [-1, 4], and model.ubj has [-1] for fare",
    ],
  ])("that the file certainly denies is a fault: %s", async (yaml, expected) => {
    const [fault, ...others] = await faults(yaml);
    expect(others).toEqual([]);
    expect(fault).toContain(expected);
  });

  it("may name the columns of an input that is one tensor", async () => {
    const yaml = "signature: {inputs: [{name: a, type: float32}, {name: b, type: float32}]}";
    expect(
      (await specOf({ "model.onnx": fixture("linear.onnx"), "slipway.yaml": yaml })).signature?.inputs,
    ).toHaveLength(2);
  });
});
