import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { packageFolder, slipwayCommand } from "#test/slipway-command.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const service = await testService();
testWorker(service.registry, smallImageBuilder());
const slipway = slipwayCommand({ SLIPWAY_URL: `http://127.0.0.1:${service.port}` });

async function checked(folder: string, ...more: string[]) {
  const { code, out, errors } = await slipway.run(["check", folder, "--json", ...more]);
  return { code, errors, ...JSON.parse(out) };
}

/** A model of test/models, without what is said of it. */
async function undescribed(name: string): Promise<string> {
  const folder = join(temporaryFolder(), name);
  await cp(`test/models/${name}/package`, folder, {
    recursive: true,
    filter: (path) => !/slipway\.yaml|README\.md/.test(path),
  });
  return folder;
}

const manyFaults = "schema: 1\nformatt: sklearn\nplatforms: [windows/amd64]\n";

it.each([
  ["no model", { "src/predictor.py": "", "notes.txt": "none" }],
  ["two models", { "src/predictor.py": "", "a.onnx": "\b\u0007", "b.onnx": "\b\u0007" }],
  ["a slipway.yaml with several faults", { "slipway.yaml": manyFaults }],
  ["a Python that the service has no base for", { "slipway.yaml": 'schema: 1\npython: "3.8"\n' }],
  ["requirements that would fetch something", { "requirements.txt": "git+https://example.com/x\n" }],
  ["names that differ by case alone", { "data/A.txt": "", "data/a.txt": "" }],
  ["a name that turns its line", { "data/\u202etxt.exe": "" }],
])("says what a push would say about %s, and sends nothing", async (_what, files) => {
  const folder = await packageFolder(files);
  const { code, servable, faults } = await checked(folder);
  expect({ code, servable }).toEqual({ code: 1, servable: false });
  expect(faults.length).toBeGreaterThan(0);
  const models = async () => (await service.call("GET", "/v1/models?q=refused")).json.items.length;
  expect(await models()).toBe(0);
  const pushed = await slipway.run(["push", "refused", folder]);
  expect(pushed.code).not.toBe(0);
  if (!pushed.errors.includes("the package cannot be served")) expect(pushed.errors).toMatch(/path|beside|stand/);
  else for (const { message } of faults) expect(pushed.errors).toContain(message);
  await service.call("DELETE", "/v1/models/refused");
});

it.each([
  ["a number that is not finite", '{"a": 1e400}', "a number is not finite"],
  ["a number that is rounded", '{"a": 9007199254740993}', "9007199254740991"],
  ["a key that stands twice", '{"a": 1, "a": 2}', "stands twice"],
])("refuses metadata with %s, as the service does", async (_what, metadata, why) => {
  const folder = await packageFolder();
  expect(await checked(folder, "-m", metadata)).toMatchObject({
    code: 1,
    servable: false,
    faults: [{ message: expect.stringContaining(why) }],
  });
  const { code, errors } = await slipway.run(["push", "told", folder, "-m", metadata]);
  expect([code, errors]).toEqual([1, expect.stringContaining(why)]);
  expect((await service.call("GET", "/v1/models/told")).status).toBe(404);
});

it("says what will be served, with what was told of it, also where no service answers", async () => {
  const folder = await undescribed("iris");
  const { code, spec, labels } = await checked(folder, "--label", "team=growth");
  expect(code).toBe(0);
  expect(spec).toMatchObject({ format: "sklearn", modelFile: "model/model.pkl" });
  expect(labels).toEqual({ team: "growth" });
  const alone = await slipway.run(["check", folder, "--url", `http://127.0.0.1:${await freePort()}`]);
  expect(alone.code).toBe(0);
  expect(alone.out).toContain("sklearn: model/model.pkl, after model/preprocessor.pkl");
  expect(alone.errors).toContain("was not asked");
});

it("makes a package of an empty folder that is served as it stands", async () => {
  const folder = join(temporaryFolder(), "new");
  expect((await slipway.run(["init", folder])).out).toContain("src/predictor.py");
  expect(await checked(folder)).toMatchObject({ code: 0, spec: { format: "python", expect: { predictions: [1, 0] } } });
  const pushed = await slipway.run(["push", "fresh", folder, "--wait", "--json"]);
  expect(JSON.parse(pushed.out)).toMatchObject({ status: "ready", format: "python" });
});

it.each(["iris", "titanic", "digits-onnx", "wine-mlflow", "words-mlflow", "plants-bento", "churn", "rides-lightgbm"])(
  "writes of %s what it is, and changes nothing by it",
  async (name) => {
    const folder = await undescribed(name);
    const before = await checked(folder);
    expect((await slipway.run(["init", folder])).out).toContain("slipway.yaml");
    const after = await checked(folder);
    expect({ ...after.spec, card: {} }).toEqual({ ...before.spec, card: {} });
  },
);

it("asks which of two models it is, and writes over nothing", async () => {
  const folder = await undescribed("scorer-onnx");
  await mkdir(join(folder, "model"), { recursive: true });
  for (const name of ["a.onnx", "b.onnx"]) await cp(join(folder, "model.onnx"), join(folder, "model", name));
  const asked = await slipway.run(["init", folder]);
  expect(asked.code).toBe(2);
  expect(asked.errors).toContain("model/a.onnx, model/b.onnx can be the model");
  await writeFile(join(folder, "README.md"), "mine");
  expect((await slipway.run(["init", folder, "--model", "model/b.onnx"])).code).toBe(0);
  expect((await checked(folder)).spec.modelFile).toBe("model/b.onnx");
  const yaml = await readFile(join(folder, "slipway.yaml"), "utf8");
  const again = await slipway.run(["init", folder]);
  expect(again).toMatchObject({ code: 0, out: "", errors: expect.stringContaining("nothing was written") });
  expect(await readFile(join(folder, "slipway.yaml"), "utf8")).toBe(yaml);
  expect(await readFile(join(folder, "README.md"), "utf8")).toBe("mine");
});
