import { describe, expect, it } from "vitest";
import { fixture } from "#core/inspect/fixtures/fixture.ts";
import { describePackage } from "./describe-package.ts";
import { faultsOf, packageOf, specOf } from "./testing/package-of.ts";

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

  it("are constrained by the files that they name, from their own folder", async () => {
    const files = {
      "model.pkl": fixture("text.joblib"),
      "slipway.yaml": "requirements: deploy/needs.txt",
      "deploy/needs.txt": "scikit-learn\n-c ../constraints.txt\n-c more.txt",
      "constraints.txt": "scipy<2  # of the platform\nnumpy==2.4.6",
      "deploy/more.txt": "joblib<2",
    };
    expect(await specOf(files)).toMatchObject({
      requirements: ["scikit-learn"],
      constraints: ["joblib<2", "numpy==2.4.6", "scipy<2"],
    });
  });

  it.each([
    ["-c ../constraints.txt", {}, 'requirements.txt:2: "-c ../constraints.txt" names a file outside of the package'],
    ["-c /etc/passwd", {}, 'requirements.txt:2: "-c /etc/passwd" names a file outside of the package'],
    ["-c a/../../b.txt", {}, "names a file outside of the package"],
    [
      "-c constraint.txt",
      { "constraints.txt": "" },
      'the package has no constraint.txt (did you mean "constraints.txt"?)',
    ],
    ["-c constraints.txt", { "constraints.txt": "-c more.txt" }, "names another file of constraints"],
    ["-c constraints.txt", { "constraints.txt": "scipy[all]<2" }, "a constraint has no extras"],
    ["-c constraints.txt", { "constraints.txt": "git+https://example.org/x" }, "constraints.txt:1"],
    ["-r /etc/passwd", {}, 'requirements.txt:2: "-r /etc/passwd" includes another file'],
  ])("with %s and %j are refused", async (line, files, expected) => {
    const found = await faultsOf({ "model.pkl": columns, "requirements.txt": `scikit-learn\n${line}`, ...files });
    expect(found).toEqual([expect.stringContaining(expected)]);
  });
});

describe("pyproject.toml", () => {
  const project = (toml: string, more: Record<string, string> = {}) => ({
    "src/predictor.py": predictor,
    "pyproject.toml": toml,
    ...more,
  });

  it("says what a package needs that has no requirements.txt", async () => {
    const toml =
      '[project]\nname = "churn"\nversion = "1"\ndependencies = ["Rich>=13", "pandas[excel]; python_version >= \'3.11\'"]\n';
    expect((await specOf(project(toml))).requirements).toEqual([
      "pandas[excel] ; python_version >= '3.11'",
      "rich>=13",
    ]);
    expect((await specOf(project(toml, { "requirements.txt": "numpy" }))).requirements).toEqual(["numpy"]);
  });

  it("may say nothing of what a package needs", async () => {
    for (const toml of [
      "[tool.ruff]\nline-length = 100\n",
      '[project]\nname = "a"\n',
      "[build-system]\nrequires = []\n",
    ])
      expect((await specOf(project(toml))).requirements).toEqual([]);
  });

  it.each([
    [
      '[project]\ndynamic = ["version", "dependencies"]\n',
      "pyproject.toml: project.dynamic: leaves its dependencies to its build backend",
    ],
    [
      '[project]\ndependencies = ["numpy", "x @ https://example.org/x.whl"]\n',
      "pyproject.toml: project.dependencies[1]",
    ],
    ['[project]\ndependencies = ["git+https://example.org/x"]\n', "names a repository"],
    ['[project]\ndependencies = ["-r /etc/passwd"]\n', "includes another file"],
    ['[project]\ndependencies = ["./library"]\n', "names a file"],
    ['[project]\ndependencies = "numpy"\n', "is no list of texts"],
    ["[project\n", "is no TOML that can be read"],
    [`[project]\na = ${"[".repeat(50_000)}`, "is no TOML that can be read"],
  ])("that says %.60j is refused", async (toml, expected) => {
    const [fault, ...others] = await faultsOf(project(toml));
    expect(others).toEqual([]);
    expect(fault).toContain(expected);
    expect(await faultsOf(project(toml, { "requirements.txt": "numpy" }))).toEqual([]);
  });

  it("of Poetry's own kind is not read, which is noted", async () => {
    const toml = '[tool.poetry.dependencies]\nnumpy = "^2"\n';
    const { notes } = await describePackage(packageOf(project(toml)), { labels: {}, metadata: {} });
    expect(notes.join()).toContain("which Poetry alone reads");
  });
});
