import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call, registry } = service;
const fixtures = fileURLToPath(new URL("../../apps/core/inspect/fixtures/", import.meta.url));
const fixture = (name: string) => readFileSync(join(fixtures, name));
type Files = Record<string, Buffer | string>;

function folder(name: string, at: string): Files {
  const root = join(fixtures, name);
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [join(at, path.slice(root.length + 1)), readFileSync(path)];
    }),
  );
}

let models = 0;
function newModel(): string {
  models += 1;
  return `model-${models}`;
}

/** What the seal answered, and what it found. */
async function sealOf(model: string, files: Files) {
  await draftOf(service, model, "1.0.0", files);
  const answer = await call("POST", `/v1/models/${model}/versions/1.0.0/seal`);
  const { spec } = await registry.db.version.findFirstOrThrow({ where: { model: { name: model } } });
  return { answer, spec: spec as unknown as PackageSpec | null };
}

const named = { inputs: [{ name: "age" }, { name: "fare" }] };

describe("the seal of a package", () => {
  it.each<[string, Files, Partial<Record<keyof PackageSpec, unknown>>]>([
    ["sklearn", { "model.pkl": fixture("text.joblib") }, { requirements: ["scikit-learn==1.9.1"], signature: null }],
    [
      "xgboost",
      { "model.ubj": fixture("xgboost-named.ubj") },
      { requirements: ["xgboost-cpu>=3.2.0"], signature: named },
    ],
    ["lightgbm", { "model.txt": fixture("lightgbm-named.txt") }, { requirements: ["lightgbm>=4"], signature: named }],
    ["onnx", { "model.onnx": fixture("linear.onnx") }, { requirements: ["numpy", "onnxruntime>=1.20"] }],
    ["torchscript", { "model.pt": fixture("script.pt") }, { requirements: [], basePackages: ["python3-torch"] }],
    [
      "savedmodel",
      folder("saved-model", "model"),
      { modelFile: "model", requirements: ["numpy", "tensorflow-cpu>=2.21.0"] },
    ],
    ["keras", { "model/model.keras": fixture("dense.keras") }, { requirements: ["jax", "keras==3.15.1", "numpy"] }],
    ["keras", { "model.h5": fixture("keras-2.h5") }, { requirements: ["jax", "keras>=3", "numpy"] }],
    ["mlflow", folder("mlflow", ""), { modelFile: ".", pythonMinor: "3.11", signature: named }],
    [
      "bentoml",
      { "plants.bento": fixture("plants.bento") },
      { modelFile: "plants.bento", requirements: ["scikit-learn==1.9.1"] },
    ],
    [
      "python",
      { "model/weights.safetensors": fixture("weights.safetensors"), "src/predictor.py": "class Predictor: pass" },
      { modelFile: null, requirements: [] },
    ],
  ])("finds that it is %s, and what it needs", async (format, files, expected) => {
    const { answer, spec } = await sealOf(newModel(), files);
    expect([answer.status, answer.json.format, answer.json.errors]).toEqual([202, format, undefined]);
    expect(spec).toMatchObject({ format, ...expected });
  });

  it.each<[string, Files, string, string]>([
    ["checkpoint", { "model.pt": fixture("checkpoint.pt") }, "model.pt", "export the model with torch.jit.trace"],
    ["weights", { "model.safetensors": fixture("weights.safetensors") }, "model.safetensors", "a class Predictor"],
    ["cut", { "model.keras": fixture("dense.keras").subarray(0, 4_000) }, "model.keras", "is the upload complete?"],
    ["bytecode", { "model.keras": fixture("lambda.keras") }, "model.keras", "holds a Lambda layer"],
    [
      "python-of-none",
      { ...folder("mlflow", "model"), "model/python_env.yaml": "python: 3.8.10\ndependencies: []\n" },
      "model/python_env.yaml",
      "asks for Python 3.8, and this registry has bases with Python 3.11",
    ],
    [
      "index",
      { "requirements.txt": "numpy\n--index-url https://x.org/simple\n" },
      "requirements.txt:2",
      "chooses where packages come from",
    ],
    [
      "repository",
      { "requirements.txt": "numpy\n\ngit+ssh://git@x.org/a.git\n" },
      "requirements.txt:3",
      "names a repository",
    ],
    ["address", { "requirements.txt": "a @ https://x.org/a.whl\n" }, "requirements.txt:1", "names an address"],
    ["passwords", { "requirements.txt": "-r /etc/passwd\n" }, "requirements.txt:1", "includes another file"],
    [
      "constraints",
      { "requirements.txt": "-c /etc/passwd\n" },
      "requirements.txt:1",
      "names a file outside of the package",
    ],
    ["path", { "requirements.txt": "./library\n" }, "requirements.txt:1", "names a file"],
    [
      "dynamic",
      { "pyproject.toml": '[project]\ndynamic = ["dependencies"]\n' },
      "pyproject.toml: project.dynamic",
      "none is run",
    ],
  ])("refuses what cannot be served, and says where and why (%s)", async (_what, files, where, reason) => {
    const hasModel = Object.keys(files).some((path) => path.startsWith("model"));
    const { answer, spec } = await sealOf(newModel(), {
      ...(hasModel ? {} : { "model.onnx": fixture("linear.onnx") }),
      ...files,
    });
    expect([answer.status, answer.json.type]).toEqual([422, "/problems/package_invalid"]);
    expect(answer.json.errors).toEqual([{ where, message: expect.stringContaining(reason) }]);
    expect(spec).toBeNull();
  });
});
