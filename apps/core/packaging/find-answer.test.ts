import { describe, expect, it } from "vitest";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { describePackage } from "./describe-package.ts";
import { faultsOf, packageOf, specOf } from "./testing/package-of.ts";

const columns = fixture("columns-4.joblib");
const linear = fixture("linear.onnx");
const predictor = "class Predictor:\n    pass\n";

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
    const { spec, notes } = await describePackage(packageOf(files), { labels: {}, metadata: {} });
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
