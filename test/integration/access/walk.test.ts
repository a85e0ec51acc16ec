import { describe, expect, it } from "vitest";
import { newId } from "#core/database/ids.ts";
import { guardedService, type Known } from "#test/access.ts";
import { predictorPackage, sealed } from "#test/sealed.ts";
import { type Answer, draftOf, type TestService } from "#test/test-service.ts";

/*
 * Every operation × every role × a model of one's own pattern and of another's. Who may do what is told by the tables
 * below, which know nothing of core/access/needs.ts.
 */
const service = await guardedService();
const admin: TestService = { ...service, call: service.admin };

type Method = Parameters<TestService["call"]>[0];
type Request = readonly [Method, string, Parameters<TestService["call"]>[2]?];

interface Operation {
  right: "read" | "upload" | "build" | "promote" | "approve" | "check" | "administer";
  /** Answers of whoever may: where the model's state forbids the thing, that is heard by them alone. */
  done: number;
  /** A request of its own to a model that nobody used before. */
  request(model: string): Promise<Request>;
}

const version = "1.0.0";
const at = (model: string) => `/v1/models/${model}/versions/${version}`;
const made = async (model: string) => {
  await service.admin("POST", "/v1/models", { json: { name: model } });
};
const draft = (model: string) => draftOf(admin, model, version, predictorPackage);
const build = (model: string) => sealed(admin, model, version);

/** Of a version that is none yet: whoever decides on it ends it. */
const promotion = async (model: string): Promise<string> => {
  await draft(model);
  const { db } = service.registry;
  const { id: versionId, modelId } = await db.version.findFirstOrThrow({ where: { model: { name: model } } });
  const row = { modelId, versionId, tag: "prod", version, imageDigest: "none", fromRevision: 0, status: "waiting" };
  const asked = { verdicts: [], requestedAt: new Date(), requestedBy: "somebody" };
  return (await db.promotion.create({ data: { id: newId(), ...row, ...asked } })).id;
};

const tus = { "tus-resumable": "1.0.0" };
const noUpload = "00000000-0000-7000-8000-000000000000";

const after =
  (prepare: (model: string) => Promise<unknown>, request: (model: string) => Request) => async (model: string) => {
    await prepare(model);
    return request(model);
  };

const operations: Record<string, Operation> = {
  getModel: { right: "read", done: 200, request: after(made, (m) => ["GET", `/v1/models/${m}`]) },
  updateModel: {
    right: "upload",
    done: 200,
    request: after(made, (m) => ["PATCH", `/v1/models/${m}`, { json: { title: "new" } }]),
  },
  deleteModel: { right: "administer", done: 204, request: after(made, (m) => ["DELETE", `/v1/models/${m}`]) },
  listVersions: {
    right: "read",
    done: 200,
    request: after(made, (m) => ["GET", `/v1/models/${m}/versions`]),
  },
  createVersion: {
    right: "upload",
    done: 201,
    request: after(made, (m) => ["POST", `/v1/models/${m}/versions`, { json: { version } }]),
  },
  getVersion: { right: "read", done: 200, request: after(draft, (m) => ["GET", at(m)]) },
  updateVersion: {
    right: "upload",
    done: 200,
    request: after(draft, (m) => ["PATCH", at(m), { json: { description: "new" } }]),
  },
  deleteVersion: { right: "upload", done: 204, request: after(draft, (m) => ["DELETE", at(m)]) },
  sealVersion: { right: "upload", done: 202, request: after(draft, (m) => ["POST", `${at(m)}/seal`]) },
  archiveVersion: {
    right: "administer",
    done: 409, // its build is queued
    request: after(build, (m) => ["POST", `${at(m)}/archive`]),
  },
  getPackage: { right: "read", done: 200, request: after(draft, (m) => ["GET", `${at(m)}/package`]) },
  getModelCard: { right: "read", done: 200, request: after(build, (m) => ["GET", `${at(m)}/card`]) },
  // A draft has no image to deploy.
  getComposeFile: { right: "read", done: 409, request: after(draft, (m) => ["GET", `${at(m)}/deployment/compose`]) },
  getKubernetesManifests: {
    right: "read",
    done: 409,
    request: after(draft, (m) => ["GET", `${at(m)}/deployment/kubernetes`]),
  },
  getSidecar: { right: "read", done: 409, request: after(draft, (m) => ["GET", `${at(m)}/deployment/sidecar`]) },
  getBatch: { right: "read", done: 409, request: after(draft, (m) => ["GET", `${at(m)}/deployment/batch`]) },
  compareVersions: {
    right: "read",
    done: 200,
    request: after(draft, (m) => ["GET", `/v1/models/${m}/compare/${version}...${version}`]),
  },
  listFiles: { right: "read", done: 200, request: after(draft, (m) => ["GET", `${at(m)}/files`]) },
  putFile: {
    right: "upload",
    done: 201,
    request: after(draft, (m) => ["PUT", `${at(m)}/files/new.txt`, { bytes: "new" }]),
  },
  getFile: {
    right: "read",
    done: 200,
    request: after(draft, (m) => ["GET", `${at(m)}/files/src/predictor.py`]),
  },
  deleteFile: {
    right: "upload",
    done: 204,
    request: after(draft, (m) => ["DELETE", `${at(m)}/files/src/predictor.py`]),
  },
  registerFiles: {
    right: "upload",
    done: 200,
    request: after(draft, (m) => [
      "POST",
      `${at(m)}/files`,
      { json: { files: [{ path: "known.bin", digest: `sha256:${"0".repeat(64)}` }] } },
    ]),
  },
  createUpload: {
    right: "upload",
    done: 422, // artifacts are in a folder, which no client reaches
    request: after(draft, (m) => [
      "POST",
      `${at(m)}/uploads`,
      { json: { path: "large.bin", sizeBytes: 1, digest: `sha256:${"0".repeat(64)}` } },
    ]),
  },
  listUploads: { right: "read", done: 200, request: after(draft, (m) => ["GET", `${at(m)}/uploads`]) },
  getUpload: { right: "read", done: 404, request: after(draft, (m) => ["GET", `${at(m)}/uploads/${noUpload}`]) },
  signParts: {
    right: "upload",
    done: 422,
    request: after(draft, (m) => [
      "POST",
      `${at(m)}/uploads/${noUpload}/parts`,
      { json: { parts: [{ number: 1, digest: `sha256:${"0".repeat(64)}` }] } },
    ]),
  },
  completeUpload: {
    right: "upload",
    done: 404,
    request: after(draft, (m) => ["POST", `${at(m)}/uploads/${noUpload}/complete`]),
  },
  deleteUpload: {
    right: "upload",
    done: 404,
    request: after(draft, (m) => ["DELETE", `${at(m)}/uploads/${noUpload}`]),
  },
  createResumable: {
    right: "upload",
    done: 201,
    request: after(draft, (m) => [
      "POST",
      `${at(m)}/resumable`,
      { headers: { ...tus, "upload-length": "1", "upload-metadata": "path YS5iaW4=" } },
    ]),
  },
  getResumable: {
    right: "upload",
    done: 404,
    request: after(draft, (m) => ["HEAD", `${at(m)}/resumable/${noUpload}`, { headers: tus }]),
  },
  appendResumable: {
    right: "upload",
    done: 404,
    request: after(draft, (m) => [
      "PATCH",
      `${at(m)}/resumable/${noUpload}`,
      { headers: { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream" } },
    ]),
  },
  deleteResumable: {
    right: "upload",
    done: 404,
    request: after(draft, (m) => ["DELETE", `${at(m)}/resumable/${noUpload}`, { headers: tus }]),
  },
  describeResumable: {
    right: "read",
    done: 204,
    request: after(draft, (m) => ["OPTIONS", `${at(m)}/resumable`]),
  },
  createBuild: {
    right: "build",
    done: 409, // one is queued
    request: after(build, (m) => ["POST", `${at(m)}/builds`, { json: {} }]),
  },
  getBuild: { right: "read", done: 200, request: async (m) => ["GET", `/v1/builds/${(await build(m)).buildId}`] },
  getBuildLog: {
    right: "read",
    done: 200,
    request: async (m) => ["GET", `/v1/builds/${(await build(m)).buildId}/log`],
  },
  getBuildLock: {
    right: "read",
    done: 404, // there is none before it has succeeded
    request: async (m) => ["GET", `/v1/builds/${(await build(m)).buildId}/lock`],
  },
  getBuildDockerfile: {
    right: "read",
    done: 404, // nor one of these
    request: async (m) => ["GET", `/v1/builds/${(await build(m)).buildId}/dockerfile`],
  },
  createProof: { right: "build", done: 409, request: after(build, (m) => ["POST", `${at(m)}/proof`]) },
  getProof: { right: "read", done: 404, request: after(build, (m) => ["GET", `${at(m)}/proof`]) },
  getImage: { right: "read", done: 404, request: after(build, (m) => ["GET", `${at(m)}/image`]) },
  deleteImage: { right: "administer", done: 404, request: after(build, (m) => ["DELETE", `${at(m)}/image`]) },
  checkImage: { right: "build", done: 404, request: after(build, (m) => ["POST", `${at(m)}/image/check`]) },
  restoreImage: { right: "build", done: 404, request: after(build, (m) => ["POST", `${at(m)}/image/restore`]) },
  previewRetention: { right: "read", done: 200, request: after(made, (m) => ["GET", `/v1/models/${m}/retention`]) },
  cancelBuild: {
    right: "build",
    done: 200,
    request: async (m) => ["POST", `/v1/builds/${(await build(m)).buildId}/cancel`],
  },
  listTags: { right: "read", done: 200, request: after(made, (m) => ["GET", `/v1/models/${m}/tags`]) },
  getTag: { right: "read", done: 404, request: after(made, (m) => ["GET", `/v1/models/${m}/tags/prod`]) },
  getTagHistory: {
    right: "read",
    done: 404, // of a tag that never was
    request: after(made, (m) => ["GET", `/v1/models/${m}/tags/prod/history`]),
  },
  moveTag: {
    right: "promote",
    done: 409, // it has no image
    request: after(draft, (m) => ["PUT", `/v1/models/${m}/tags/prod`, { json: { version } }]),
  },
  moveTags: {
    right: "promote",
    done: 409,
    request: after(draft, (m) => ["POST", `/v1/models/${m}/tags`, { json: { moves: [{ tag: "prod", version }] } }]),
  },
  rollBackTag: {
    right: "promote",
    done: 404,
    request: after(made, (m) => ["POST", `/v1/models/${m}/tags/prod/rollback`, { json: {} }]),
  },
  removeTag: {
    right: "promote",
    done: 404,
    request: after(made, (m) => ["DELETE", `/v1/models/${m}/tags/prod`]),
  },
  listTagPolicies: {
    right: "read",
    done: 200,
    request: after(made, (m) => ["GET", `/v1/models/${m}/tags/prod/policies`]),
  },
  createPromotion: {
    right: "promote",
    done: 409, // it has no image
    request: after(draft, (m) => ["POST", `/v1/models/${m}/promotions`, { json: { tag: "prod", version } }]),
  },
  getPromotion: { right: "read", done: 200, request: async (m) => ["GET", `/v1/promotions/${await promotion(m)}`] },
  decidePromotion: {
    right: "approve",
    done: 200,
    request: async (m) => [
      "POST",
      `/v1/promotions/${await promotion(m)}/approvals`,
      { json: { decision: "rejected" }, headers: { "idempotency-key": `reject ${m}` } },
    ],
  },
  cancelPromotion: {
    right: "promote",
    done: 200,
    request: async (m) => ["POST", `/v1/promotions/${await promotion(m)}/cancel`],
  },
  createCheck: {
    right: "check",
    done: 409, // it is a draft
    request: after(draft, (m) => ["POST", `${at(m)}/checks`, { json: { name: "scan", status: "passed" } }]),
  },
  listChecks: { right: "read", done: 200, request: after(draft, (m) => ["GET", `${at(m)}/checks`]) },
};

/** What needs a grant on everything: [who has `administrator` on `*`, others]. */
const ofEverything: Record<string, Request> = {
  listIdentities: ["GET", "/v1/identities"],
  createIdentity: ["POST", "/v1/identities", { json: { name: "x", kind: "wrong" } }],
  getIdentity: ["GET", "/v1/identities/nobody-of-that-name"],
  updateIdentity: ["PATCH", "/v1/identities/nobody-of-that-name", { json: { title: "x" } }],
  listTokens: ["GET", "/v1/identities/nobody-of-that-name/tokens"],
  createToken: ["POST", "/v1/identities/nobody-of-that-name/tokens", { json: { name: "x" } }],
  revokeToken: ["DELETE", "/v1/identities/nobody-of-that-name/tokens/x"],
  setQuota: ["PUT", "/v1/quotas/walked.*", { json: { models: -1 } }],
  deleteQuota: ["DELETE", "/v1/quotas/never.*"],
  setRetentionRule: ["PUT", "/v1/retention/walked.*", { json: { keepLast: -1 } }],
  deleteRetentionRule: ["DELETE", "/v1/retention/never.*"],
  setPolicy: ["PUT", "/v1/policies/walked.*/prod", { json: { waitHours: "long" } }],
  deletePolicy: ["DELETE", "/v1/policies/never.*/prod"],
  listPublishers: ["GET", "/v1/trusted-publishers"],
  getPublisher: ["GET", "/v1/trusted-publishers/none-of-that-name"],
  setPublisher: ["PUT", "/v1/trusted-publishers/walked", { json: { issuer: 1 } }],
  deletePublisher: ["DELETE", "/v1/trusted-publishers/none-of-that-name"],
  listWebhooks: ["GET", "/v1/webhooks"],
  createWebhook: ["POST", "/v1/webhooks", { json: { url: 1 } }],
  getWebhook: ["GET", "/v1/webhooks/none-of-that-id"],
  updateWebhook: ["PATCH", "/v1/webhooks/none-of-that-id", { json: { enabled: true } }],
  replaceWebhookSecret: ["POST", "/v1/webhooks/none-of-that-id/secret"],
  deleteWebhook: ["DELETE", "/v1/webhooks/none-of-that-id"],
  listDeliveries: ["GET", "/v1/webhooks/none-of-that-id/deliveries"],
  redeliver: ["POST", "/v1/webhooks/none-of-that-id/deliveries/none/redeliver"],
  getAuditHead: ["GET", "/v1/audit/head"],
  verifyAudit: ["GET", "/v1/audit/verify"],
  exportAudit: ["GET", "/v1/audit/export"],
  listRegistries: ["GET", "/v1/registries"],
  getRegistry: ["GET", "/v1/registries/no-registry-of-that-name"],
  setRegistry: ["PUT", "/v1/registries/walked", { json: { host: 1 } }],
  deleteRegistry: ["DELETE", "/v1/registries/no-registry-of-that-name"],
  checkRegistry: ["POST", "/v1/registries/no-registry-of-that-name/check"],
};

/** What every caller may ask; what it hears is another test's. */
const ofAll: Record<string, Request> = {
  listModels: ["GET", "/v1/models"],
  getMe: ["GET", "/v1/me"],
  getOffers: ["GET", "/v1/offers"],
  listTagHolders: ["GET", "/v1/tags?tag=prod"],
  listAudit: ["GET", "/v1/audit"],
  listEvents: ["GET", "/v1/events"],
  listQuotas: ["GET", "/v1/quotas"],
  listRetentionRules: ["GET", "/v1/retention"],
  listPromotions: ["GET", "/v1/promotions"],
  listPolicies: ["GET", "/v1/policies"],
  listPolicyVersions: ["GET", "/v1/policies/walked/prod/versions"],
};

const reader = ["read"];
const rightsOf: Record<string, readonly string[]> = {
  reader,
  uploader: [...reader, "upload"],
  builder: [...reader, "build"],
  promoter: [...reader, "promote"],
  approver: [...reader, "approve"],
  checker: [...reader, "check"],
  administrator: ["read", "upload", "build", "promote", "approve", "check", "administer"],
};

let models = 0;
const newModel = (group: string) => `${group}.m${++models}`;

function expectHidden(answer: Answer, unknown: Answer, name: string): void {
  expect(answer.status, name).toBe(404);
  if (answer.bytes.length === 0) return; // to HEAD
  const shape = ({ json }: Answer) => ({
    type: json.type,
    title: json.title,
    detail: json.detail.replace(/"[^"]*"/, ""),
  });
  expect(shape(answer), name).toEqual(shape(unknown));
}

function expectForbidden({ status, json, bytes }: Answer, right: string, name: string): void {
  expect([name, status]).toEqual([name, 403]);
  if (bytes.length === 0) return; // to HEAD
  expect([name, status, json.type], json.detail).toEqual([name, 403, "/problems/forbidden"]);
  expect(json.detail, name).toContain(`lacks the right to ${right} on `);
}

describe("the table of needs", () => {
  it("has every operation of OpenAPI, and this walk too", async () => {
    const { json } = await service.call("GET", "/openapi.json");
    const ids = Object.entries<Record<string, { operationId: string }>>(json.paths)
      .filter(([path]) => path.startsWith("/v1/"))
      .flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId));
    const walked = [operations, ofEverything, ofAll].flatMap((table) => Object.keys(table));
    // OpenAPI is not told of HEAD.
    const apart = ["createModel", "setUp", "exchangeToken", "startDevice", "pollDevice"];
    expect([...ids, "getResumable"].sort()).toEqual([...walked, ...apart].sort());
  });
});

describe.each(Object.keys(rightsOf))("a %s", (role) => {
  const rights = rightsOf[role] ?? [];
  const callers = new Map<string, Promise<Known>>();
  const callerOf = (pattern: string): Promise<Known> => {
    const known =
      callers.get(pattern) ??
      service.identity(`${role}-${pattern === "*" ? "all" : "own"}`, [{ role, pattern } as never]);
    callers.set(pattern, known);
    return known;
  };

  it.each(Object.entries(operations))(
    "of its own pattern, of others', and of everything: %s",
    async (name, { right, done, request }) => {
      const { call } = await callerOf("own.*");
      const own = await call(...(await request(newModel("own"))));
      if (rights.includes(right)) expect([name, own.status], JSON.stringify(own.json)).toEqual([name, done]);
      else expectForbidden(own, right, name);

      const [method, path, options] = await request(newModel("other"));
      const unknown = path
        .replace(/other\.m\d+/, "other.unknown")
        .replace(/(builds|promotions)\/[^/]+/, "$1/00000000-0000-7000-8000-000000000000");
      expectHidden(await call(method, path, options), await call(method, unknown, options), name);
      expect((await service.call(method, path, options)).status, name).toBe(401);
      const { call: callOfAll } = await callerOf("*");
      if (!rights.includes(right)) expectForbidden(await callOfAll(method, path, options), right, name);
      // And so nothing was done by any of them: whoever may finds all as it was.
      const may = rights.includes(right) ? callOfAll : service.admin;
      const answer = await may(method, path, options);
      expect([name, answer.status], JSON.stringify(answer.json)).toEqual([name, done]);
    },
  );

  it("makes models where it may upload, and gives names where it administers", async () => {
    for (const pattern of ["own.*", "*"]) {
      const { call } = await callerOf(pattern);
      for (const group of ["own", "other"]) {
        const name = newModel(group);
        const may = rights.includes("upload") && (pattern === "*" || group === "own");
        const created = await call("POST", "/v1/models", { json: { name } });
        if (may) expect(created.status).toBe(201);
        else expectForbidden(created, "upload", `${role} ${pattern} ${group}`);
        const before = newModel("own");
        await made(before);
        const renamed = await call("PATCH", `/v1/models/${before}`, { json: { name: newModel(group) } });
        const mayRename = role === "administrator" && (pattern === "*" || group === "own");
        if (mayRename) expect(renamed.status).toBe(200);
        else expect([renamed.status, renamed.json.type]).toEqual([403, "/problems/forbidden"]);
      }
    }
  });

  it.each(Object.entries(ofEverything))("needs everything: %s", async (name, request) => {
    expectForbidden(await (await callerOf("own.*")).call(...request), "administer", name);
    const { call } = await callerOf("*");
    if (role !== "administrator") expectForbidden(await call(...request), "administer", name);
    else expect([200, 400, 404], name).toContain((await call(...request)).status);
    expect((await service.call(...request)).status, name).toBe(401);
  });

  it.each(Object.entries(ofAll))("may ask: %s", async (name, request) => {
    expect((await (await callerOf("own.*")).call(...request)).status, name).toBe(200);
    expect((await service.call(...request)).status, name).toBe(401);
  });
});

it("nobody without a grant sees or does anything", async () => {
  const { call } = await service.identity("nobody", []);
  const model = newModel("own");
  await made(model);
  expect((await call("GET", `/v1/models/${model}`)).status).toBe(404);
  expect((await call("GET", "/v1/models")).json).toEqual({ items: [], nextCursor: null });
  expectForbidden(await call("POST", "/v1/models", { json: { name: newModel("own") } }), "upload", "createModel");
  expect((await call("GET", "/v1/me")).json).toMatchObject({ name: "nobody", grants: [] });
});

it("a promoter of one tag moves that tag alone", async () => {
  const { call } = await service.identity("stable-mover", [{ role: "promoter", pattern: "own.*", tags: ["stable"] }]);
  const model = newModel("own");
  await draft(model);
  const move = (tag: string) => call("PUT", `/v1/models/${model}/tags/${tag}`, { json: { version } });
  expect((await move("stable")).status).toBe(409);
  expectForbidden(await move("prod"), "promote", "prod");
  expect((await move("prod")).json.detail).toContain('for the tag "prod"');
  expectForbidden(await call("DELETE", `/v1/models/${model}/tags/prod`), "promote", "prod");
  const both = { moves: ["stable", "prod"].map((tag) => ({ tag, version })) };
  expectForbidden(await call("POST", `/v1/models/${model}/tags`, { json: both }), "promote", "both");
  const one = { moves: [{ tag: "stable", version }] };
  expect((await call("POST", `/v1/models/${model}/tags`, { json: one })).status).toBe(409);
});

it("the exchange of tokens and the steps of a sign-in alone are open, and their paths for nothing else", async () => {
  const answer = await service.call("POST", "/v1/token-exchange", { json: { token: "none" } });
  expect([answer.status, answer.json.type]).toEqual([401, "/problems/id_token_refused"]);
  expect((await service.call("GET", "/v1/token-exchange")).status).toBe(405);
  expect((await service.call("POST", "/v1/token-exchange/more", { json: {} })).status).toBe(401);
  for (const path of ["/v1/sign-in", "/v1/sign-in/callback", "/v1/sign-in/terminal"])
    expect((await service.call("GET", path)).json.type).toBe("/problems/sign_in_unset");
  for (const path of ["/v1/sign-in/more", "/v1/sign-in/device/more", "/v1/sign-in/", "/v1/sign-in/callback/more"])
    expect((await service.call("GET", path)).status).toBe(401);
  expect((await service.call("POST", "/v1/sign-in", { json: {} })).status).toBe(405);
});

it("only a setup code sets up", async () => {
  const answer = await service.admin("POST", "/v1/setup", { json: { name: "second" } });
  expect([answer.status, answer.json.type]).toEqual([403, "/problems/forbidden"]);
});
