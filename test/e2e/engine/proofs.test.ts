import { afterEach, describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import { openAssembler } from "#core/images/open-assembler.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { proofWork } from "#core/proofs/proof.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { takeMade } from "#test/made-before.ts";
import { finished } from "#test/sealed.ts";
import { workerProcess } from "#test/service-processes.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const engine = dockerEngine();
/** Enough for a Python that starts beside eight others on a machine that has much to do. */
const limitSeconds = 30;
const service = await testService({
  SLIPWAY_PROOF: "on",
  SLIPWAY_PROOF_LIMIT_SECONDS: String(limitSeconds),
  SLIPWAY_PROOF_MEMORY_MEGABYTES: "256",
  SLIPWAY_PROOF_CPUS: "1",
  SLIPWAY_BUILDS_AT_ONCE: "8",
  SLIPWAY_RECONCILE_SECONDS: "0.5",
});
const { call, registry } = service;
await takeMade({ db: registry.db, artifactsDir: registry.config.artifacts.dir });

describe.skipIf(engine === null)("a proof", () => {
  const { docker } = engine as DockerEngine;
  const worker = testWorker(
    registry,
    withOwnServers(
      openAssembler({ ...registry, registries: openRegistries(registry), environment: process.env, steps: null }),
    ),
  );

  /** Of this service: another suite's worker may have proofs of its own in the engine. */
  const containers = async () => {
    const label = "dev.slipway.proof";
    const format = `{{.ID}} {{.Label "${label}"}}`;
    const all = lines(await docker("ps", "--all", "--filter", `label=${label}`, "--format", format));
    const own = (await registry.db.work.findMany({ where: { kind: proofWork } })).map(({ id }) => id);
    return all
      .map((line) => line.split(" "))
      .flatMap(([id = "", holder = ""]) => {
        const [workId = ""] = holder.split("/");
        return own.includes(workId) ? [id] : [];
      });
  };
  const images = async () =>
    lines(
      await docker(
        "images",
        "--quiet",
        `${registry.config.registry.host}/${registry.config.registry.repository.replace("{model}", "*")}`,
      ),
    );

  // What an engine under load does not let go of at once is the next sweep's.
  afterEach(() =>
    waitUntil("nothing is left", async () => (await containers()).length + (await images()).length === 0),
  );

  it("passes where the image answers its example as expect says, and has measured it", async () => {
    const yaml = "example: {instances: [[1, 2.5], [3, 4]]}\nexpect: {predictions: [3.50000001, 7]}\n";
    const proof = await proven("sums", {
      ...predictor("return [sum(row) for row in instances]"),
      "slipway.yaml": yaml,
    });
    expect(proof).toMatchObject({ status: "passed", checked: "prediction", reason: null });
    expect(proof.coldStartMs).toBeGreaterThan(100);
    expect(proof.latencyMs.p99).toBeGreaterThanOrEqual(proof.latencyMs.p50);
    expect(proof.memoryBytes).toBeGreaterThan(10_000_000);
    expect(proof.memoryBytes).toBeLessThan(256 * 1024 * 1024);
    expect(proof.log).toContain("model loaded");
    const listed = await call("GET", "/v1/models/sums/versions");
    expect(listed.json.items[0].proof).toEqual({ ...proof, log: null });
    const audit = await call("GET", "/v1/audit?action=proof.pass");
    expect(audit.json.items).toMatchObject([{ actor: "slipway", object: "sums:1.0.0", after: { status: "passed" } }]);
  });

  it("looks at the health alone where the package has no example", async () => {
    const proof = await proven("healthy", predictor("return instances"));
    expect(proof).toMatchObject({ status: "passed", checked: "health", reason: null, latencyMs: null });
  });

  it("tries of an image for several platforms the one for this machine, and none that is for another alone", async () => {
    const yaml = "example: {instances: [[1, 2]]}\nexpect: {predictions: [[1, 2]]}\n";
    const files = (platforms: string) => ({
      ...predictor("return instances"),
      "slipway.yaml": `${yaml}platforms: [${platforms}]\n`,
    });
    expect(await proven("both", files("linux/amd64, linux/arm64"))).toMatchObject({ status: "passed" });
    expect(await proven("foreign", files("linux/arm64"))).toMatchObject({
      status: "not_run",
      reason: "its image is for linux/arm64, and proofs are run on linux/amd64",
    });
  });

  it("fails where the answer is another than expected, and is made again when asked for", async () => {
    const yaml = "example: {instances: [[1, 2]]}\nexpect: {predictions: [4]}\n";
    const proof = await proven("wrong", {
      ...predictor("return [sum(row) for row in instances]"),
      "slipway.yaml": yaml,
    });
    expect(proof).toMatchObject({ status: "failed", checked: "prediction", latencyMs: null });
    expect(proof.reason).toMatch(/^predictions\[0\] is 3, expect says 4/);
    expect((await call("GET", "/v1/models/wrong/versions/1.0.0")).json.status).toBe("ready");
    const again = await call("POST", "/v1/models/wrong/versions/1.0.0/proof");
    expect([again.status, again.json.status]).toEqual([202, "pending"]);
    expect((await call("POST", "/v1/models/wrong/versions/1.0.0/proof")).json.type).toBe("/problems/proof_running");
    expect(await tried("wrong")).toMatchObject({ status: "failed", reason: proof.reason });
  });

  it("asks an own server by the loopback, which is all the network that it has, as memory is all the volume", async () => {
    const server = `
import http.server, json, socket

class Server(http.server.BaseHTTPRequestHandler):
    def say(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self):
        self.say(200 if self.path == "/alive" else 404, {})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            socket.create_connection(("172.17.0.1", 22), 1).close()
            way = "open"
        except OSError as error:
            way = type(error).__name__ if isinstance(error, TimeoutError) else error.strerror
        [volume] = [line.split()[2] for line in open("/proc/mounts") if line.split()[1] == "/var/volume"]
        self.say(200, {"predictions": [[way, volume, *row] for row in request["instances"]]})

print("serving")
http.server.HTTPServer(("", 9000), Server).serve_forever()
`;
    const yaml = 'example: {instances: [[1]]}\nexpect: {predictions: [["Network is unreachable", "tmpfs", 1]]}\n';
    const files = { ...predictor("return instances"), "server.py": server, "slipway.yaml": yaml };
    const proof = await proven("own", files);
    expect(proof).toMatchObject({ status: "passed", checked: "prediction", reason: null });
    expect(proof.log).toMatch(/^serving\n/);
    await waitUntil("its asker is gone", async () => (await docker("images", "--quiet", "slipway-asker")) === "");
  });

  it("ends in time with one line of reason, whatever the image does", { timeout: 600_000 }, async () => {
    const example = { "slipway.yaml": "example: {instances: [[1]]}\n" };
    const token = `slps_${"a1B2".repeat(8)}`;
    const hostile = {
      "never-loads": load("import time; time.sleep(10_000)"),
      "never-answers": { ...predictor("import time; time.sleep(10_000)"), ...example },
      "answers-wrongly": { ...predictor("raise ValueError('no such column')"), ...example },
      "has-no-weights": load(`raise OSError('no weights are here: ${token}')`),
      "ends-at-once": load("import os; os._exit(7)"),
      "prints-for-ever": load("while True: print('x' * 5_000)"),
      "takes-all-memory": load("kept = []\n        while True: kept.append(bytearray(2**22))"),
      "forks-for-ever": load("import os\n        while True: os.fork()"),
    };
    const found = await Promise.all(
      Object.entries(hostile).map(async ([model, files]) => [model, await proven(model, files)] as const),
    );
    const reasons = Object.fromEntries(found.map(([model, { status, reason }]) => [model, `${status}: ${reason}`]));
    expect(reasons).toEqual({
      "never-loads": expect.stringMatching(`^failed: it was not healthy within ${limitSeconds} s: `),
      "never-answers": expect.stringMatching(`^failed: it did not answer its example within ${limitSeconds} s`),
      "answers-wrongly": expect.stringMatching(/^failed: its example was answered 500, .*no such column/),
      "has-no-weights": expect.stringMatching(
        /^failed: it ended with exit code 3 before .*no weights are here: \[redacted\]/,
      ),
      "ends-at-once": expect.stringMatching(
        /^failed: it ended with exit code 3 before it was healthy: .* exited with code 7/,
      ),
      "prints-for-ever": expect.stringMatching(`^failed: it was not healthy within ${limitSeconds} s: x+`),
      "takes-all-memory": expect.stringMatching(/^failed: it took more than 256 MiB of memory/),
      "forks-for-ever": expect.stringMatching(/^failed: it /),
    });
    for (const [, { reason, log }] of found) {
      expect(log).not.toContain(token);
      expect(reason).not.toMatch(/\n/);
      expect(log.length).toBeLessThanOrEqual(64 * 1024);
    }
  });

  it("runs the package's own tests in the image when it is asked to, and says how they ended", {
    timeout: 600_000,
  }, async () => {
    const tests = (text: string): Files => ({ ...predictor("return instances"), "tests/test_it.py": text });
    const packages = {
      "tested-well": tests(held),
      "tested-badly": tests("def test_sum():\n    print('adding')\n    assert 1 + 2 == 4\n\ndef test_more(): pass\n"),
      "tested-not": tests("import no_such_module\n"),
      "tests-never-end": tests("import time\ndef test_it(): time.sleep(10_000)\n"),
      "tests-print-for-ever": tests("import os\ndef test_it():\n    while True: os.write(1, b'x' * 5_000 + b'\\n')\n"),
      "tests-fork-for-ever": tests("import os\ndef test_it():\n    while True: os.fork()\n"),
      "tests-end-it": tests("import os\ndef test_it(): os._exit(0)\n"),
      "tests-take-memory": tests("kept = []\ndef test_it():\n    while True: kept.append(bytearray(2**22))\n"),
      "has-no-python": { ...tests("def test_it(): pass\n"), "server.py": aliveServer, "no-path": "" },
    };
    const found = await Promise.all(
      Object.entries(packages).map(async ([model, files]) => {
        expect((await proven(model, files)).tests).toBeNull();
        const path = `/v1/models/${model}/versions/1.0.0/proof`;
        const asked = await call("POST", path, { json: { tests: true } });
        expect([asked.status, asked.json.status]).toEqual([202, "pending"]);
        return [model, await tried(model)] as const;
      }),
    );
    const summaries = Object.fromEntries(
      found.map(
        ([
          model,
          {
            status,
            reason,
            tests: { log: _, ...counts },
          },
        ]) => [model, { status, reason, ...counts }],
      ),
    );
    const failed = (reason: RegExp) => ({
      status: "failed",
      reason: expect.stringMatching(reason),
      passed: 0,
      skipped: 0,
    });
    expect(summaries).toMatchObject({
      "tested-well": { status: "passed", reason: null, passed: 4, failed: 0, skipped: 1 },
      "tested-badly": { ...failed(/tests\/test_it\.py::test_sum: assert \(1 \+ 2\) == 4$/), passed: 1, failed: 1 },
      "tested-not": { ...failed(/No module named 'no_such_module'/), failed: 1 },
      "tests-never-end": failed(new RegExp(`^they did not end within ${limitSeconds} s$`)),
      // What pytest holds back for the end fills the memory that /tmp is.
      "tests-print-for-ever": failed(
        new RegExp(`No space left on device$|^they did not end within ${limitSeconds} s$`),
      ),
      "tests-fork-for-ever": failed(/^they /),
      "tests-end-it": failed(/^they ended with exit code 0 and without a result$/),
      "tests-take-memory": failed(/^they took more than 256 MiB of memory$/),
      "has-no-python": {
        status: "not_run",
        reason: expect.stringMatching(/^tests are run by an image's own python3, and this one cannot: /),
      },
    });
    const proofs = Object.fromEntries(found);
    expect(proofs["tested-well"]).toMatchObject({ status: "passed", reason: null });
    expect(proofs["has-no-python"]).toMatchObject({ status: "passed", reason: null });
    expect(proofs["tested-badly"]).toMatchObject({
      status: "failed",
      reason: expect.stringMatching(/^1 of its tests failed: tests\/test_it\.py::test_sum: /),
    });
    expect(proofs["tested-badly"].tests.log).toContain("adding");
    for (const [, { tests: ended }] of found) expect(ended.log?.length ?? 0).toBeLessThanOrEqual(64 * 1024);
    const listed = await call("GET", "/v1/models/tested-badly/versions");
    expect(listed.json.items[0].proof.tests).toEqual({ ...proofs["tested-badly"].tests, log: null });
  });

  it("leaves no container behind when its worker is killed, and is made again", async () => {
    await worker.end();
    await call("POST", "/v1/models/never-loads/versions/1.0.0/proof");
    const settings = { SLIPWAY_PROOF_LIMIT_SECONDS: "10", SLIPWAY_BUILDS_AT_ONCE: "2" };
    const killed = await workerProcess(service, settings);
    const [left] = await waitUntil("a container", async () => {
      const found = await containers();
      return found.length > 0 ? found : null;
    });
    killed.kill();
    await killed.exited;
    expect(await containers()).toEqual([left]);
    await workerProcess(service, settings);
    await waitUntil("it is gone", async () => !(await containers()).includes(left as string), { withinMs: 120_000 });
    expect(await tried("never-loads")).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("not healthy within 10 s"),
    });
  });
});

/** Images of packages with a `server.py` as a Dockerfile of their own makes them: served by that, on port 9000, with a
 *  volume. */
function withOwnServers(assembler: ImageBuilder): ImageBuilder {
  return {
    name: assembler.name,
    async build(request, context) {
      const image = await assembler.build(request, context);
      if (!request.files.some(({ path }) => path === "server.py")) return image;
      const spec = { ...request.spec, serve: { port: 9_000, health: "/alive" } };
      await registry.db.version.updateMany({
        where: { model: { name: request.model } },
        data: { spec: spec as unknown as Prisma.InputJsonObject },
      });
      const document = JSON.parse(image.config.toString());
      document.config.Volumes = { "/var/volume": {} };
      document.config.Cmd = ["/usr/bin/python3", "-u", "/opt/model/server.py"];
      if (request.files.some(({ path }) => path === "no-path")) document.config.Env = ["PATH=/nowhere"];
      const config = Buffer.from(JSON.stringify(document));
      const manifest = JSON.parse(image.manifest.toString());
      manifest.config = { ...manifest.config, digest: digestOf(config), size: config.length };
      const bytes = Buffer.from(JSON.stringify(manifest));
      return { ...image, config, manifest: bytes, digest: digestOf(bytes) };
    },
  };
}

/** What its tests may do: as little as the image in production. */
const held = `
import os
import socket

import pytest
from predictor import Predictor


def test_answers():
    assert Predictor("/opt/model").predict([[1]]) == [[1]]


@pytest.mark.parametrize("path", ["/opt/model/new", "/slipway-tests/new"])
def test_writes_nowhere(path):
    with pytest.raises(OSError):
        open(path, "w")
    assert os.getuid() == 65532


def test_has_no_network():
    with pytest.raises(OSError):
        socket.create_connection(("172.17.0.1", 22), 1)


@pytest.mark.skip
def test_later():
    pass
`;

const aliveServer = `
import http.server

class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

http.server.HTTPServer(("", 9000), Server).serve_forever()
`;

type Files = Record<string, string | Buffer>;

function predictor(predict: string): Files {
  return source("pass", predict);
}

function load(init: string): Files {
  return source(init, "return instances");
}

function source(init: string, predict: string): Files {
  return {
    "src/predictor.py": `class Predictor:
    def __init__(self, folder):
        ${init}

    def predict(self, instances):
        ${predict}
`,
  };
}

async function proven(model: string, files: Files) {
  await draftOf(service, model, "1.0.0", files);
  const sealed = await call("POST", `/v1/models/${model}/versions/1.0.0/seal`);
  expect([model, sealed.status, sealed.json.errors]).toEqual([model, 202, undefined]);
  const build = await finished(service, sealed.json.build.id, 180_000);
  expect([model, build.status, build.error]).toEqual([model, "succeeded", null]);
  return tried(model);
}

async function tried(model: string) {
  return waitUntil(
    `${model} is tried`,
    async () => {
      const { json } = await call("GET", `/v1/models/${model}/versions/1.0.0`);
      return json.proof.status === "pending" ? null : json.proof;
    },
    { withinMs: 300_000 },
  );
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
