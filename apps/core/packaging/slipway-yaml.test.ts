import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMs } from "#test/cpu-ms.ts";
import { nothingDeclared, readSlipwayYaml } from "./slipway-yaml.ts";

const read = (text: string) => readSlipwayYaml(Buffer.from(text));
const faults = (text: string) => read(text).faults.map(({ where, message }) => `${where}: ${message}`);

describe("slipway.yaml", () => {
  it("may say everything that has a meaning", () => {
    const { declared, faults } = read(`
schema: 1
format: sklearn
model: ./model/model.pkl
preprocessor: model/preprocessor.pkl
predictor: src/serve.py:Churn
python: "3.11"
requirements: requirements.txt
build: assemble
system_packages: [libpq5=15.*, libgomp1]
signature:
  inputs: [{name: age, type: float64, shape: [-1], optional: true}, {name: sex, type: string}]
  outputs: [{name: prediction, type: int64, shape: [-1, 2]}]
example: {instances: [[5.1, 3.5]]}
expect: {predictions: [[0, 1]]}
environment: {LOG_LEVEL: info, OMP_NUM_THREADS: "1"}
platforms: [linux/amd64]
resources: {cpu: "1.5", memory: 4Gi, gpu: 1}
labels: {team: fraud, note: ""}
metadata: {metrics: {auc: 0.91}, runs: [1, null, true], dataset: sales-2026-10}
`);
    expect(faults).toEqual([]);
    expect(declared).toEqual({
      format: "sklearn",
      model: "model/model.pkl",
      preprocessor: "model/preprocessor.pkl",
      predictor: { file: "src/serve.py", class: "Churn" },
      python: "3.11",
      requirements: "requirements.txt",
      signature: {
        inputs: [
          { name: "age", type: "float64", shape: [-1], optional: true },
          { name: "sex", type: "string", shape: [-1], optional: false },
        ],
        outputs: [{ name: "prediction", type: "int64", shape: [-1, 2], optional: false }],
      },
      example: { instances: [[5.1, 3.5]] },
      expect: { predictions: [[0, 1]] },
      environment: { LOG_LEVEL: "info", OMP_NUM_THREADS: "1" },
      platforms: ["linux/amd64"],
      build: "assemble",
      systemPackages: ["libgomp1", "libpq5=15.*"],
      serve: null,
      resources: { cpuMillis: 1500, memoryBytes: 4 * 1024 ** 3, gpus: 1 },
      labels: { team: "fraud", note: "" },
      metadata: { metrics: { auc: 0.91 }, runs: [1, null, true], dataset: "sales-2026-10" },
    });
  });

  it.each([
    ["{cpu: 500m, memory: 512M}", { cpuMillis: 500, memoryBytes: 512_000_000, gpus: 0 }],
    ["{cpu: 2}", { cpuMillis: 2000, memoryBytes: null, gpus: 0 }],
    ["{memory: 1.5Gi}", { cpuMillis: null, memoryBytes: 1.5 * 1024 ** 3, gpus: 0 }],
    ["{memory: 268435456}", { cpuMillis: null, memoryBytes: 268_435_456, gpus: 0 }],
  ])("takes resources as Kubernetes writes them: %s", (text, resources) => {
    expect(faults(`resources: ${text}`)).toEqual([]);
    expect(read(`resources: ${text}`).declared.resources).toEqual(resources);
  });

  it.each([
    ["{cpu: 0}", "slipway.yaml: resources.cpu: expected cores from 0.01 to 1024"],
    ["{cpu: 0.5m}", "resources.cpu: expected cores"],
    ["{cpu: -1}", "resources.cpu: expected cores"],
    ["{cpu: [2]}", "resources.cpu: expected cores"],
    ["{memory: 4GB}", "resources.memory: expected a size from 16 MiB to 64 TiB: write it like 512Mi or 4Gi"],
    ["{memory: 4}", "resources.memory: expected a size"],
    ["{gpu: 0.5}", "resources.gpu: expected a whole number from 0 to 64"],
    ['{gpu: "1"}', "resources.gpu: expected a whole number"],
    ["{gpus: 1}", 'resources.gpus: is no key that is known here (did you mean "gpu" or "cpu"?)'],
    ["4Gi", "slipway.yaml: resources: expected a mapping"],
  ])("refuses resources that no scheduler could give: %s", (text, reason) => {
    const [fault, ...others] = faults(`resources: ${text}`);
    expect(others).toEqual([]);
    expect(fault).toContain(reason);
  });

  it.each(["", "# nothing yet\n", "{}"])("may be empty (%j)", (text) => {
    expect(read(text)).toEqual({ declared: nothingDeclared, faults: [], broken: new Set() });
  });

  it.each([
    ["modle: a", 'slipway.yaml: modle: is no key that is known here (did you mean "model"?) (line 1)'],
    ["sytem_packages: []", 'did you mean "system_packages"?'],
    ["zzz: 1", "slipway.yaml: zzz: is no key that is known here (line 1)"],
    ["signature: {input: []}", 'slipway.yaml: signature.input: is no key that is known here (did you mean "inputs"?)'],
    [
      "signature: {inputs: [{name: a, dtype: int64}]}",
      'signature.inputs[0].dtype: is no key that is known here (did you mean "type"?)',
    ],
  ])("refuses an unknown key and names the nearest (%s)", (text, expected) => {
    expect(faults(text).join("\n")).toContain(expected);
  });

  it("reads platforms in the order of an index, each once, and says which there are", () => {
    const { declared } = readSlipwayYaml(Buffer.from("platforms: [linux/arm64, linux/amd64, linux/arm64]"));
    expect(declared.platforms).toEqual(["linux/amd64", "linux/arm64"]);
    expect(faults("platforms: [linux/riscv64]")).toEqual([
      "slipway.yaml: platforms[0]: images are made for linux/amd64 and linux/arm64, not for linux/riscv64 (line 1)",
    ]);
  });

  it.each([
    ["schema: 2", "this Slipway reads schema 1"],
    ['schema: "1"', "this Slipway reads schema 1"],
    ["format: sklern", '"sklern" is no format that is known (did you mean "sklearn"?)'],
    ["format: [onnx]", "expected a text, found a list"],
    ["model:", "expected a text, found nothing: give it a value, or leave the key out"],
    ['model: ""', "expected a text, found an empty text"],
    ["model: {path: a}", "expected a text, found a mapping"],
    ["predictor: src/predictor", "names no class: write src/predictor.py:Predictor"],
    ["predictor: src/predictor.py:1st", "names no class"],
    ["python: 3.10", 'expected a text, found a number: write it in quotes, "3.10"'],
    ['python: "3.11.4"', "is no minor version of Python 3"],
    ['python: ">=3.10"', "is no minor version of Python 3"],
    ["build: docker", "expected assemble or dockerfile"],
    ["system_packages: libgomp1", "expected a list, found a text"],
    ['system_packages: ["libgomp1; rm -rf /"]', "is no name of a Debian package"],
    ['system_packages: ["-o=x"]', "is no name of a Debian package"],
    ["serve: {port: 80}", "expected a number from 1024 to 65535"],
    ["serve: {prot: 8000}", 'did you mean "port"?'],
    ['serve: {health: "health"}', "is no path of a URL: write it like /health"],
    ["platforms: []", "names no platform"],
    ["platforms: [amd64]", '"amd64" is no platform: write it like linux/amd64'],
    ["example: 5", "expected a mapping of keys to values, found a number"],
    ["expect: {}", "has no predictions: write {predictions: [...]}"],
    ["expect: {predictions: 0}", "expected a list, found a number"],
    ["expect: {predictions: [0], model: iris}", "slipway.yaml: expect.model: is no key that is known here"],
    ['expect: {predictions: ["a\\0"]}', "cannot be kept: a text holds a NUL character"],
    ["labels: [a]", "expected a mapping of keys to values, found a list"],
    [
      "labels: {version: 1.10}",
      'slipway.yaml: labels.version: expected a text, found a number: write it in quotes, "1.10"',
    ],
    [
      "environment: {DEBUG: true}",
      'environment.DEBUG: expected a text, found the truth value true: write it in quotes, "true"',
    ],
    ["metadata: 1", "expected a mapping of keys to values"],
    ["metadata: {loss: .inf}", "metadata.loss: is no finite number"],
    ["metadata: {loss: 1e400}", "metadata.loss: is no finite number"],
    ["metadata: {loss: .nan}", "metadata.loss: is no finite number"],
    ["metadata: {id: 9007199254740993}", "metadata.id: is a number beyond 2^53, which would be rounded"],
    ["signature: []", "expected a mapping"],
    ["signature: {inputs: [{type: int64}]}", "signature.inputs[0]: has no name"],
    ["signature: {inputs: [{name: a}]}", "signature.inputs[0]: has no type"],
    ["signature: {inputs: [{name: a, type: int64}, {name: a, type: int64}]}", 'inputs[1].name: "a" is named twice'],
    ["signature: {inputs: [{name: a, type: double}]}", 'is no type that is known (did you mean "float64"?)'],
    ["signature: {inputs: [{name: a, type: flaot32}]}", 'is no type that is known (did you mean "float32"'],
    ["signature: {inputs: [{name: a, type: int64, shape: [x]}]}", "shape[0]: expected a whole number, or -1"],
    ["signature: {inputs: [{name: a, type: int64, shape: [-2]}]}", "shape[0]: expected a whole number, or -1"],
    ["signature: {inputs: [{name: a, type: int64, optional: 1}]}", "optional: expected true or false"],
    ['signature: {inputs: [{name: "a\\0", type: int64}]}', "holds a NUL character"],
  ])("refuses %s", (text, reason) => {
    const [fault, ...others] = faults(text);
    expect(others).toEqual([]);
    expect(fault).toContain(reason);
  });

  it.each([
    ["a key that is there twice", "model: a\nformat: onnx\nmodel: b\n", 'the key "model" is there twice (line 3)'],
    ["a key of a mapping that is there twice", "metadata:\n  a: 1\n  a: 2\n", 'the key "a" is there twice (line 3)'],
    ["a tag", "model: !!python/object:os.system x\n", "Unresolved tag"],
    ["a key that is no text", "metadata: {[1]: x}\n", "keys are texts: write others in quotes (line 1)"],
    ["broken syntax", "model: [a\nformat: onnx\n", "(line "],
    ["two documents", "model: a\n---\nmodel: b\n", "multiple documents"],
    ["a list at the top", "- model\n", "expected a mapping of keys to values, found a list"],
    ["a text at the top", "hello\n", "expected a mapping of keys to values, found a text"],
  ])("refuses %s, with its line", (_what, text, reason) => {
    expect(faults(text).join("\n")).toContain(reason);
  });

  it("that is not UTF-8 is refused", () => {
    expect(readSlipwayYaml(Buffer.from([0x61, 0x3a, 0x20, 0xff])).faults).toEqual([
      { where: "slipway.yaml", message: "is not UTF-8 text" },
    ]);
  });

  it("says everything that is wrong at once, with lines", () => {
    expect(faults("modle: a\nbuild: docker\npython: 3.10\n").map((fault) => fault.match(/\(line \d\)$/)?.[0])).toEqual([
      "(line 1)",
      "(line 2)",
      "(line 3)",
    ]);
  });

  it("names the keys that could not be read", () => {
    expect(read("model: 5\nformat: onnx\n").broken).toEqual(new Set(["model"]));
    expect(read("model: [").broken.size).toBeGreaterThan(10);
  });

  it("with aliases that multiply is refused at once", () => {
    const levels = "bcdefghij"
      .split("")
      .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefghi"[index]}`).join(",")}]`);
    expect(faults(`a: &a [x,x,x,x,x,x,x,x,x]\n${levels.join("\n")}`).join()).toContain("aliases");
    expect(faults("metadata: &a {b: *a}")).toHaveLength(1);
  });

  it("may use a few aliases", () => {
    expect(read("metadata: {a: &a {x: 1}, b: *a}").declared.metadata).toEqual({ a: { x: 1 }, b: { x: 1 } });
  });

  it.each(["[", "{", "- ", "a: ", "- &a x\n", "a: 1\n", "[,", "*a "])(
    "made of 256 KiB of %j is refused within seconds",
    (unit) => {
      const text = unit.repeat(Math.floor((256 * 1024) / unit.length));
      expect(cpuMs(() => void read(text))).toBeLessThan(10_000);
    },
  );

  it.each(["[", "{", "- ", "? ", "a: "])("nested without end by %j is refused for that", (unit) => {
    expect(faults(unit.repeat(Math.floor((256 * 1024) / unit.length)))).toEqual([
      "slipway.yaml: nests deeper than 64 levels",
    ]);
  });

  it("keeps metadata of sixty levels, and refuses a hundred", () => {
    const nested = (levels: number) => `metadata: {a: ${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(faults(nested(60))).toEqual([]);
    expect(faults(nested(100)).join()).toContain("nests deeper than 64 levels");
    expect(faults(nested(1_000)).join()).toContain("nests deeper than 64 levels");
  });

  it("is read or refused, whatever it holds", () => {
    const word = fc.constantFrom(
      "model",
      "schema",
      "labels",
      "metadata",
      "signature",
      ":",
      " ",
      "\n",
      "- ",
      "[",
      "]",
      "{",
      "}",
      "&a",
      "*a",
      "!!",
      "1",
      "'",
      '"',
      "|",
      ">",
      "~",
      "?",
      "#",
      "%",
      ",",
      "\\",
      "__proto__",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ unit: "binary", maxLength: 3 })), { maxLength: 40 }), (parts) => {
        read(parts.join(""));
      }),
      { numRuns: 5_000 },
    );
  }, 30_000);
});

describe("environment in slipway.yaml", () => {
  it.each([
    "API_KEY",
    "OPENAI_API_KEY",
    "apiKey",
    "DB_PASSWORD",
    "PGPASSWORD",
    "MYSQL_PASSWD",
    "PASSPHRASE",
    "SECRET_KEY_BASE",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "HF_TOKEN",
    "GithubToken",
    "GOOGLE_CREDENTIALS",
    "SSH_PRIVATE_KEY",
  ])("refuses %s as a secret, and says where it goes", (name) => {
    const [fault] = faults(`environment: {${name}: abc}`);
    expect(fault).toContain(`slipway.yaml: environment.${name}: looks like a secret`);
    expect(fault).toContain(`docker run -e ${name}`);
  });

  it.each(["postgres://app:hunter2@db/app", "-----BEGIN RSA PRIVATE KEY-----", "AKIAIOSFODNN7EXAMPLE"])(
    "refuses the value %s as a secret, and does not repeat it",
    (value) => {
      const [fault] = faults(`environment: {SETTING: "${value}"}`);
      expect(fault).toContain("looks like a secret");
      expect(fault).not.toContain(value);
    },
  );

  it.each([
    "LOG_LEVEL",
    "MAX_TOKENS",
    "TOKENIZERS_PARALLELISM",
    "SORT_KEY",
    "KEYBOARD",
    "PASSENGERS",
    "OMP_NUM_THREADS",
    "_x1",
  ])("takes %s", (name) => {
    expect(faults(`environment: {${name}: "1"}`)).toEqual([]);
  });

  it.each(["PATH", "PYTHONPATH", "PYTHONHOME", "MODEL_PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "SLIPWAY_MODEL_FILE"])(
    "refuses %s, which the image sets",
    (name) => {
      expect(faults(`environment: {${name}: x}`).join()).toContain("is set by the image itself");
    },
  );

  it.each(["1ST", "A-B", "A B", "Ä"])("refuses the name %j", (name) => {
    expect(faults(`environment: {"${name}": x}`).join()).toContain("is no name of a variable");
  });

  it("refuses a NUL character", () => {
    expect(faults('environment: {A: "x\\0"}').join()).toContain("holds a character");
  });
});
