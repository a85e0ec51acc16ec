import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { newId } from "#core/database/ids.ts";
import { finished, predictorPackage } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const service = await testService();
const { call, registry } = service;
testWorker(registry, smallImageBuilder());
const at = (model: string) => `/v1/models/${model}/versions/1.0.0`;

const readme = "---\nlicense: mit\ntags: [churn]\n---\n# Churn\n\nWho leaves?\n";
const slipwayYaml = `
resources: {cpu: 2, memory: 4Gi}
example: {instances: [[1, 2]]}
signature: {inputs: [{name: tenure, type: float64}], outputs: [{name: leaves, type: bool}]}
`;

async function carded(model: string): Promise<void> {
  const files = { ...predictorPackage, "README.md": readme, "slipway.yaml": slipwayYaml };
  await draftOf(service, model, "1.0.0", files);
  const sealing = await call("POST", `${at(model)}/seal`);
  expect([sealing.status, sealing.json.errors]).toEqual([202, undefined]);
  await finished(service, sealing.json.build.id);
}

describe("a model card", () => {
  it("is Markdown: the package's own, and what is known of the version", async () => {
    await carded("churn");
    const answer = await call("GET", `${at("churn")}/card`);
    const version = (await call("GET", at("churn"))).json;
    expect(answer.headers).toMatchObject({ "content-type": "text/markdown; charset=utf-8", vary: "accept" });
    const text = answer.bytes.toString();
    expect(text).toMatch(/^---\nlicense: mit\ntags:\n {2}- churn\nslipway:\n/);
    for (const words of ["Who leaves?", version.image.reference, version.contentDigest, "2 CPU, 4Gi memory", "tenure"])
      expect(text).toContain(words);
    const known = await call("GET", `${at("churn")}/card`, {
      headers: { "if-none-match": String(answer.headers["etag"]) },
    });
    expect([known.status, known.bytes.length]).toEqual([304, 0]);
  });

  it("is the same as JSON, by a tag's name too", async () => {
    await carded("spam");
    await call("PUT", "/v1/models/spam/tags/prod", { json: { version: "1.0.0" } });
    const headers = { accept: "application/json" };
    const { json } = await call("GET", "/v1/models/spam/versions/prod/card", { headers });
    const version = (await call("GET", at("spam"))).json;
    expect(json).toMatchObject({
      model: "spam",
      version: "1.0.0",
      frontMatter: { license: "mit", tags: ["churn"] },
      readme: "# Churn\n\nWho leaves?\n",
      format: "python",
      contentDigest: version.contentDigest,
      signature: { inputs: [{ name: "tenure" }], outputs: [{ name: "leaves" }] },
      example: { instances: [[1, 2]] },
      resources: { cpuMillis: 2000, memoryBytes: 4 * 1024 ** 3, gpus: 0 },
      image: { reference: version.image.reference },
      lock: { python: expect.stringMatching(/^3\./), requirements: expect.any(Array) },
    });
  });

  it("says what came of trying the image, without its log", async () => {
    await carded("tried");
    const { id, imageId } = await registry.db.version.findFirstOrThrow({ where: { model: { name: "tried" } } });
    const found = { status: "passed", checked: "prediction", coldStartMs: 2310, latencyP50Ms: 0.9, latencyP99Ms: 2.4 };
    const proof = {
      versionId: id,
      imageId: imageId ?? "",
      createdBy: "slipway",
      memoryBytes: 93_212_672,
      log: "a line",
    };
    // After any that the service itself has made.
    const createdAt = new Date(Date.now() + 60_000);
    await registry.db.proof.create({ data: { id: newId(), ...proof, ...found, createdAt } });
    const headers = { accept: "application/json" };
    expect((await call("GET", `${at("tried")}/card`, { headers })).json.proof).toEqual({
      status: "passed",
      checked: "prediction",
      reason: null,
      coldStartMs: 2310,
      latencyMs: { p50: 0.9, p99: 2.4 },
      memoryBytes: 93_212_672,
    });
    const text = (await call("GET", `${at("tried")}/card`)).bytes.toString();
    expect(text).toContain("| Proof | passed (prediction) |");
    expect(text).not.toContain("a line");
    const byHand = await call("GET", `${at("tried")}/package?as=docker`);
    expect(gunzipSync(byHand.bytes).includes("Cold start")).toBe(false); // it would make another image
  });

  it("of a draft is not made", async () => {
    await draftOf(service, "open", "1.0.0", { "README.md": readme });
    const answer = await call("GET", `${at("open")}/card`);
    expect([answer.status, answer.json.type]).toEqual([409, "/problems/version_not_sealed"]);
    expect((await call("GET", "/v1/models/open/versions/2.0.0/card")).status).toBe(404);
  });

  it("that is broken keeps no model from its image: the log says what is wrong", async () => {
    await draftOf(service, "broken", "1.0.0", { ...predictorPackage, "README.md": "---\na: [\n---\n# Broken\n" });
    const sealing = await call("POST", `${at("broken")}/seal`);
    const build = await finished(service, sealing.json.build.id);
    expect(build.status).toBe("succeeded");
    const log = (await call("GET", `/v1/builds/${build.id}/log`)).bytes.toString();
    expect(log).toContain("README.md is kept and not shown as the model's card: its front matter cannot be read");
    const card = (await call("GET", `${at("broken")}/card`)).bytes.toString();
    expect(card).toContain("# Broken");
  });
});
