import { describe, expect, it } from "vitest";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { describePackage } from "./describe-package.ts";
import { packageOf, specOf } from "./testing/package-of.ts";

const columns = fixture("columns-4.joblib");
const linear = fixture("linear.onnx");
const predictor = "class Predictor:\n    pass\n";

describe("requirements", () => {
  const requirements = async (contents: Record<string, Buffer | string>) => (await specOf(contents)).requirements;

  it("are the package's own, before what the file says", async () => {
    const { spec, notes } = await describePackage(
      packageOf({ "model.pkl": columns, "requirements.txt": "scikit-learn==1.8.0\npandas" }),
      { labels: {}, metadata: {} },
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

  it("hold the framework on every base where the package names it with a marker", async () => {
    const lines = 'scikit-learn==1.8.0; python_version >= "3.12"\npandas; python_version >= "3.12"';
    expect(await requirements({ "model.pkl": columns, "requirements.txt": lines })).toEqual([
      "pandas",
      'pandas ; python_version >= "3.12"',
      "scikit-learn",
      'scikit-learn==1.8.0 ; python_version >= "3.12"',
    ]);
    const gpu = 'onnxruntime-gpu==1.32.0; python_version >= "3.12"\nnumpy';
    expect(await requirements({ "model.onnx": linear, "requirements.txt": gpu })).toEqual([
      "numpy",
      "onnxruntime-gpu",
      'onnxruntime-gpu==1.32.0 ; python_version >= "3.12"',
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
