import { expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { evaluateExpression, parseExpression } from "#core/policies/rule-expression.ts";
import { readFacts } from "#core/policies/version-facts.ts";
import { finishUpload, uploadWork } from "#core/uploads/finish-upload.ts";
import { startUpload } from "#core/uploads/start-upload.ts";
import { uploadHandler } from "#core/uploads/verify-upload.ts";
import { runWork } from "#core/work/run-work.ts";
import { pipelines } from "#test/pipelines.ts";
import { predictorPackage } from "#test/sealed.ts";
import { tarOf } from "#test/tar-of.ts";
import { draftOf } from "#test/test-service.ts";

/*
 * What is sealed as a version's source, and what is not.
 */
const { service, github, rule, exchange } = await pipelines();
const grants = ["uploader", "builder"].map((role) => ({ role, pattern: "churn" }));
await rule("churn-main", "github", { grants });
const person = await service.identity("ada", [{ role: "uploader", pattern: "churn" }]);

const source = {
  provider: "github",
  issuer: github.url,
  publisher: "churn-main",
  subject: "repo:acme/churn:environment:production",
  repository: "acme/churn",
  repositoryId: "704512981",
  ref: "refs/heads/main",
  commit: "5f2b8c1d9e0a47b6c3d2e1f00a9b8c7d6e5f4a3b",
  workflow: "acme/churn/.github/workflows/publish.yml@refs/heads/main",
  environment: "production",
  runId: "8123456789",
  runUrl: null, // of another issuer than GitHub's own
};

type Call = typeof service.admin;
const pipeline = async (claims = {}): Promise<Call> => {
  const { json } = await exchange(await github.token(claims));
  return service.as(json.token);
};
const at = (version: string) => `/v1/models/churn/versions/${version}`;
const draft = (call: Call, version: string) => draftOf({ ...service, call }, "churn", version, predictorPackage);
const sealBy = async (call: Call, version: string) => {
  const { status, json } = await call("POST", `${at(version)}/seal`);
  expect([status, json.version], json.detail).toEqual([202, version]);
  return json.source;
};

it("is the run that made a draft, sent its files and sealed it, for good", async () => {
  const call = await pipeline();
  await draft(call, "1.0.0");
  expect((await call("GET", at("1.0.0"))).json.source).toBeNull();
  expect(await sealBy(call, "1.0.0")).toEqual(source);
  await person.call("PATCH", at("1.0.0"), { json: { description: "by a person" } });
  expect((await person.call("GET", at("1.0.0"))).json.source).toEqual(source);
  expect((await person.call("GET", "/v1/models/churn/versions")).json.items[0].source).toEqual(source);
});

it("is the run of a version that came whole, in one call", async () => {
  const call = await pipeline();
  const headers = { "content-type": "application/x-tar" };
  const files = Object.entries(predictorPackage).map(([path, text]) => [path, Buffer.from(text)]);
  const bytes = await tarOf(Object.fromEntries(files));
  const { status, json } = await call("POST", "/v1/models/churn/versions?version=1.1.0", { bytes, headers });
  expect([status, json.source], json.detail).toEqual([202, source]);
});

it("is one run in several jobs, each with a token of its own", async () => {
  await draft(await pipeline(), "1.2.0");
  expect(await sealBy(await pipeline({ actor: "another job" }), "1.2.0")).toEqual(source);
});

it.each<[string, string, () => Promise<[Call, Call, Call]>]>([
  ["a person made the draft", "2.0.0", async () => [person.call, await pipeline(), await pipeline()]],
  ["a person sent a file", "2.1.0", async () => [await pipeline(), person.call, await pipeline()]],
  ["a person sealed it", "2.2.0", async () => [await pipeline(), await pipeline(), person.call]],
  [
    "an administrator of the settings sent a file",
    "2.3.0",
    async () => [await pipeline(), service.admin, await pipeline()],
  ],
  ["another run sealed it", "2.4.0", async () => [await pipeline(), await pipeline(), await pipeline({ run_id: "2" })]],
  [
    "another commit sent a file",
    "2.5.0",
    async () => [await pipeline(), await pipeline({ sha: "0" }), await pipeline()],
  ],
])("is none where %s", async (_what, version, hands) => {
  const [makes, sends, seals] = await hands();
  await draft(makes, version);
  expect((await sends("PUT", `${at(version)}/files/notes.txt`, { bytes: version })).status).toBe(201);
  expect(await sealBy(seals, version)).toBeNull();
});

it.each([
  ["counts a file that a worker verifies, where its digest was announced", "2.6.0", true],
  ["is none with such a file whose digest nobody announced", "2.7.0", false],
])("%s", async (_what, version, announced) => {
  const { registry } = service;
  const call = await pipeline();
  await draft(call, version);
  const me = (await call("GET", "/v1/me")).json;
  const actor = { name: me.name, requestId: null, address: null, tokenId: me.token.id };
  const bytes = Buffer.from(`sent in parts for ${version}`);
  const digest = announced ? digestOf(bytes) : null;
  const file = { model: "churn", version, path: parseFilePath("large.bin"), sizeBytes: bytes.length, digest };
  const upload = await startUpload(registry, { kind: "resumable", ...file }, actor);
  const { key, storeId, id } = upload;
  const part = await registry.blobs.parts.put(key, storeId, { number: 1, bytes, offset: 0 });
  await registry.blobs.parts.complete(key, storeId, [part]);
  await finishUpload(registry, upload, { digest: null, afterwards: (work) => void work() }, actor);
  const work = await registry.db.work.findFirstOrThrow({ where: { kind: uploadWork, subjectId: id } });
  const handlers = { [uploadWork]: uploadHandler(registry) };
  await runWork(registry, work.id, { handlers, worker: "of the test", ending: new AbortController().signal });
  expect((await call("GET", `${at(version)}/files/large.bin`)).bytes).toEqual(bytes);
  expect(await sealBy(call, version)).toEqual(announced ? source : null);
});

it("is none of a draft that began as a copy of another version", async () => {
  const call = await pipeline();
  const made = await call("POST", "/v1/models/churn/versions", { json: { version: "2.8.0", from: "2.0.0" } });
  expect(made.status, made.json.detail).toBe(201);
  expect(await sealBy(call, "2.8.0")).toBeNull();
});

it("changes neither the content digest nor what is built", async () => {
  const [first, second] = [await pipeline(), person.call];
  await draft(first, "3.0.0");
  await draft(second, "3.1.0");
  expect([await sealBy(first, "3.0.0"), await sealBy(second, "3.1.0")]).toEqual([source, null]);
  const digests = await Promise.all(
    ["3.0.0", "3.1.0"].map(async (version) => (await person.call("GET", at(version))).json.contentDigest),
  );
  expect(digests[0]).toBe(digests[1]);
});

it("is what a policy may ask for before a tag moves", async () => {
  const rules = { conditions: [{ expression: 'candidate.source.repository == "acme/churn"' }] };
  const set = await service.admin("PUT", "/v1/policies/churn/prod", { json: rules });
  expect(set.status, JSON.stringify(set.json)).toBe(201);
  const { db } = service.registry;
  const condition = parseExpression('candidate.source.repository == "acme/churn"');
  for (const [version, holds] of [
    ["1.0.0", true],
    ["2.2.0", false],
  ] as const) {
    const { id } = await db.version.findFirstOrThrow({ where: { semver: version } });
    const candidate = (await db.$transaction((tx) => readFacts(tx, [id]))).get(id);
    const outcome = evaluateExpression(condition, { candidate: { ...candidate }, holder: null });
    expect([version, outcome.holds], outcome.reason).toEqual([version, holds]);
  }
});
