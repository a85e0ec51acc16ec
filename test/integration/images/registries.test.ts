import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { databasePlaces, whatShows } from "#test/planted.ts";
import { ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { faultyProxy } from "./faulty-proxy.ts";
import { login, passwordRegistry, tlsRegistry, tokenRegistry } from "./guarded-registry.ts";

const open = inject("parts").registryHost;
const secretKey = "a key of the tests that is long enough";

const service = await testService({ SLIPWAY_SECRET_KEY: secretKey, SLIPWAY_RECONCILE_SECONDS: "0.2" });
const { call, registry } = service;
testWorker(registry, smallImageBuilder());

const put = (name: string, json: object) => call("PUT", `/v1/registries/${name}`, { json });
const set = async (name: string, json: object) => {
  const answer = await put(name, json);
  if (answer.status > 201) throw new Error(`the registry answered ${answer.status}: ${answer.bytes}`);
  return answer;
};
const imageOf = async (model: string) => (await call("GET", `/v1/models/${model}/versions/1.0.0`)).json.image;
const tagAt = async (host: string, path: string, headers: Record<string, string> = {}) => {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`http://${host}/v2/${path}/manifests/1.0.0`, { headers: { accept, ...headers } });
  return answer.headers.get("docker-content-digest");
};
const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;

describe("a registry by name", () => {
  it("is made, replaced as a whole, read and deleted, each on record and never with its password", async () => {
    const made = await set("eu", {
      host: "eu.example:5000",
      username: "ci",
      password: "hunter2-of-eu",
      models: ["eu.*"],
    });
    expect([made.status, made.json]).toEqual([
      201,
      {
        name: "eu",
        from: "api",
        host: "eu.example:5000",
        repository: "{model}",
        auth: "password",
        username: "ci",
        hasPassword: true,
        createRepositories: false,
        plainHttp: false,
        ca: null,
        models: ["eu.*"],
        changedAt: expect.any(String),
        changedBy: "anonymous",
      },
    ]);
    const replaced = await set("eu", { host: "eu.example:5000", username: "ci", repository: "ml/{group}/{name}" });
    expect([replaced.status, replaced.json]).toMatchObject([
      200,
      { repository: "ml/{group}/{name}", hasPassword: true, models: [] },
    ]);
    expect((await call("GET", "/v1/registries/eu")).json).toEqual(replaced.json);
    const { items } = (await call("GET", "/v1/registries")).json;
    expect(items.map(({ name }: { name: string }) => name)).toEqual(["default", "eu"]);
    expect(items[0]).toMatchObject({ from: "settings", host: open, auth: "anonymous", plainHttp: true });
    expect(whatShows({ password: "hunter2-of-eu" }, await databasePlaces(registry.config.database.url))).toEqual([]);

    expect((await call("DELETE", "/v1/registries/eu")).status).toBe(204);
    expect((await call("GET", "/v1/registries/eu")).json.type).toBe("/problems/registry_not_found");
    expect(await registry.db.secret.count({ where: { subject: { startsWith: "registry:" } } })).toBe(0);
    const audited = await registry.db.auditEntry.findMany({ where: { object: "eu" }, orderBy: { id: "asc" } });
    expect(audited.map(({ action }) => action)).toEqual(["registry.set", "registry.set", "registry.delete"]);
  });

  it("keeps its password for the same user of the same host alone: nobody can have it sent elsewhere", async () => {
    await set("kept", { host: "kept.example", username: "ci", password: "hunter2-kept" });
    for (const other of [
      { host: "elsewhere.example", username: "ci" },
      { host: "kept.example", username: "root" },
      { host: "kept.example", username: "ci", plainHttp: true },
    ]) {
      const answer = await put("kept", other);
      expect([answer.status, answer.json.type]).toEqual([422, "/problems/registry_invalid"]);
      expect(answer.json.errors).toEqual([{ where: "/password", message: expect.stringContaining("give it") }]);
    }
    await set("kept", { host: "elsewhere.example" });
    expect(await registry.db.secret.count({ where: { subject: "registry:kept/password" } })).toBe(0);
    await call("DELETE", "/v1/registries/kept");
  });

  it("keeps its password on loopback, which speaks plain http by itself, and not for another CA", async () => {
    const { ca } = await tlsRegistry();
    const same = { host: "127.0.0.1:5001", username: "ci" };
    await set("near", { ...same, password: "hunter2-near" });
    expect((await put("near", same)).status).toBe(200);
    expect((await put("near", { ...same, ca })).status).toBe(422);
    await set("near", { ...same, ca, password: "hunter2-near" });
    expect((await put("near", { ...same, ca })).status).toBe(200);
    expect((await put("near", same)).status).toBe(422);
    const [first, second] = [ca.trim(), ca.trim().replace(/M/g, "!")];
    const broken = await put("near", { ...same, ca: `${first}\n${second}\n`, password: "hunter2-near" });
    expect(broken.json.errors).toEqual([{ where: "/ca", message: expect.stringContaining("PEM") }]);
    expect((await put("near", { ...same, ca: `${first}\n${first}\n`, password: "x" })).status).toBe(200);
    await call("DELETE", "/v1/registries/near");
  });

  it("is refused with every reason at once", async () => {
    const answer = await put("Wrong", {
      host: "https://registry.example/path",
      repository: "{group}",
      auth: "google",
      username: "ci",
      createRepositories: true,
      plainHttp: true,
      ca: "no certificate",
      models: ["Fraud/*"],
    });
    expect([answer.status, answer.json.type]).toEqual([422, "/problems/registry_invalid"]);
    expect(answer.json.errors.map(({ where }: { where: string }) => where)).toEqual([
      "name",
      "/host",
      "/repository",
      "/username",
      "/createRepositories",
      "/ca",
      "/plainHttp",
      "/models/0",
    ]);
    expect((await put("default", { host: "x.example" })).json.type).toBe("/problems/registry_from_settings");
    expect((await call("DELETE", "/v1/registries/default")).json.type).toBe("/problems/registry_from_settings");
  });

  it.each([
    ["ecr", "mine.example"],
    ["google", "mine.example"],
    ["azure", "mine.example:5000"],
    ["azure", "mine.azurecr.io.example"],
  ])("gets the login of a cloud at the cloud's own hosts alone: %s not at %s", async (auth, host) => {
    const answer = await put("mine", { host, auth });
    expect([answer.status, answer.json.errors]).toEqual([
      422,
      [{ where: "/host", message: expect.stringContaining(`the auth ${auth} is for `) }],
    ]);
    expect((await call("GET", "/v1/registries/mine")).status).toBe(404);
  });

  it.each([
    ["ecr", "123456789012.dkr.ecr.eu-central-1.amazonaws.com"],
    ["google", "europe-west3-docker.pkg.dev"],
    ["google", "eu.gcr.io"],
    ["azure", "company.azurecr.io"],
  ])("is taken with the login of a cloud at the cloud's hosts, by TLS: %s at %s", async (auth, host) => {
    expect((await put("cloud", { host, auth, plainHttp: true })).status).toBe(422);
    expect((await put("cloud", { host, auth })).status).toBe(201);
    await call("DELETE", "/v1/registries/cloud");
  });

  it.each([
    [{ host: "Registry.Example:443" }, "registry.example"],
    [{ host: "registry.example.:443" }, "registry.example"],
    [{ host: "registry.example:080", plainHttp: true }, "registry.example"],
    [{ host: "registry.example:443", plainHttp: true }, "registry.example:443"],
    [{ host: "docker.io" }, "registry-1.docker.io"],
  ])("has one spelling of its host: %j is %s", async (json, host) => {
    expect((await set("spelled", json)).json.host).toBe(host);
    await call("DELETE", "/v1/registries/spelled");
  });

  it("shares no pattern of models with another", async () => {
    await set("first", { host: "first.example", models: ["shared.*"] });
    const second = await put("second", { host: "second.example", models: ["shared.*"] });
    expect([second.status, second.json.type]).toEqual([409, "/problems/registry_models_taken"]);
    expect((await call("GET", "/v1/registries/second")).status).toBe(404);
    await call("DELETE", "/v1/registries/first");
  });

  it("takes no password where this Slipway has no key to keep it", async () => {
    const keyless = await testService();
    const answer = await keyless.call("PUT", "/v1/registries/eu", {
      json: { host: "eu.example", username: "ci", password: "hunter2-no-key" },
    });
    expect([answer.status, answer.json.errors]).toEqual([
      422,
      [{ where: "/password", message: expect.stringContaining("SLIPWAY_SECRET_KEY") }],
    ]);
    expect(await keyless.registry.db.imageRegistry.count()).toBe(0);
  });
});

describe("the images of a model", () => {
  it("go to the registry whose pattern says most of its name, in the repository of its template", async () => {
    const [group, one] = [await passwordRegistry(), await passwordRegistry()];
    await set("group", { host: group, ...login, repository: "ml/{group}/{name}", models: ["pay.*"] });
    await set("one", { host: one, ...login, repository: "single", models: ["pay.cards.eu"] });
    for (const model of ["pay.cards", "pay.cards.eu", "paying"]) await ready(service, model, "1.0.0");
    const [inGroup, inOne, inDefault] = await Promise.all(["pay.cards", "pay.cards.eu", "paying"].map(imageOf));
    expect(inGroup.repository).toBe(`${group}/ml/pay/cards`);
    expect(inOne.repository).toBe(`${one}/single/pay.cards.eu`);
    expect(inDefault.repository).toMatch(new RegExp(`^${open}/.*/paying$`));
    expect(await tagAt(group, "ml/pay/cards", { authorization: basic })).toBe(inGroup.digest);
    expect(await tagAt(one, "single/pay.cards.eu", { authorization: basic })).toBe(inOne.digest);

    const inUse = await call("DELETE", "/v1/registries/one");
    expect([inUse.status, inUse.json.type]).toEqual([409, "/problems/registry_in_use"]);
  });

  it("never go to a repository that is another model's, whichever templates lead there", async () => {
    await set("plain", { host: open, repository: "mixed/{model}", models: ["b-x"] });
    await set("affixed", { host: open, repository: "mixed/b-{model}", models: ["x"] });
    await ready(service, "x", "1.0.0");
    const digest = (await imageOf("x")).digest;
    expect(await tagAt(open, "mixed/b-x")).toBe(digest);
    await expect(ready(service, "b-x", "1.0.0")).rejects.toThrow("b-x:1.0.0 is failed");
    const { build } = (await call("GET", "/v1/models/b-x/versions/1.0.0")).json;
    expect((await call("GET", `/v1/builds/${build.id}`)).json.error).toEqual({
      code: "repository_taken",
      message: expect.stringContaining("/mixed/b-x is another model's"),
    });
    expect(await tagAt(open, "mixed/b-x")).toBe(digest);
  });

  it("have no path that is longer than registries take", async () => {
    const model = `long.${"x".repeat(120)}`;
    await set("twice", { host: open, repository: "{model}/{model}/{model}", models: [model] });
    await expect(ready(service, model, "1.0.0")).rejects.toThrow("is failed");
    const { build } = (await call("GET", `/v1/models/${model}/versions/1.0.0`)).json;
    expect((await call("GET", `/v1/builds/${build.id}`)).json.error).toMatchObject({
      code: "repository_too_long",
      message: expect.stringContaining("255 characters"),
    });
  });

  it("go to another registry when theirs is deleted while they are pushed", async () => {
    const slow = await faultyProxy(open, (incoming) => {
      if (incoming.method === "PUT" && incoming.url?.includes("/manifests/1.0.0"))
        deleted ??= call("DELETE", "/v1/registries/leaving");
      return false;
    });
    let deleted: ReturnType<typeof call> | undefined;
    await set("leaving", { host: slow.host, repository: "leaving", models: ["leaving"] });
    await ready(service, "leaving", "1.0.0");
    // Either it was deleted before the image had come, or it stays with the image.
    const gone = (await deleted)?.status === 204;
    const { registry: name } = await registry.db.image.findFirstOrThrow({
      where: { version: { model: { name: "leaving" } } },
    });
    expect(name).toBe(gone ? "default" : "leaving");
  });

  it("go by a password that was changed meanwhile, without a start", async () => {
    const host = await passwordRegistry();
    await set("changing", { host, username: login.username, password: "wrong-at-first", models: ["changing"] });
    const pending = ready(service, "changing", "1.0.0");
    const waiting = async () => {
      const { items } = (await call("GET", "/v1/models/changing/versions")).json;
      if (items[0]?.status !== "building") return false;
      const { json } = await call("GET", `/v1/builds/${items[0].build.id}`);
      return json.waiting?.for.includes("check username and password of the registry changing");
    };
    await expect.poll(waiting).toBe(true);
    await set("changing", { host, ...login, models: ["changing"] });
    await pending;
  });
});

describe("the check of a registry", () => {
  const check = async (name: string) => (await call("POST", `/v1/registries/${name}/check`)).json;
  const statuses = ({ steps }: { steps: { step: string; status: string }[] }) =>
    Object.fromEntries(steps.map(({ step, status }) => [step, status]));
  const all = { ping: "works", login: "works", push: "works", pull: "works", mount: "works", delete: "works" };

  it("says that all of it works, and leaves nothing in it: default", async () => {
    const { json, status } = await call("POST", "/v1/registries/default/check");
    expect([status, statuses(json), json.works, json.left]).toEqual([200, all, true, []]);
    const tags = await fetch(`http://${open}/v2/${json.repository}/tags/list`);
    expect(((await tags.json()) as { tags?: unknown }).tags ?? null).toBeNull();
    expect(await registry.db.auditEntry.count({ where: { action: "registry.check", object: "default" } })).toBe(1);
  });

  it.each([
    ["name and password", passwordRegistry],
    ["tokens", async () => (await tokenRegistry()).host],
  ])("says that all of it works with %s, and what to change where the login is wrong", async (kind, make) => {
    const host = await make();
    const name = kind === "tokens" ? "by-token" : "by-password";
    await set(name, { host, ...login });
    expect(await check(name)).toMatchObject({ works: true, left: [] });
    await set(name, { host, username: "ci", password: "wrong-secret" });
    const wrong = await check(name);
    expect(statuses(wrong)).toEqual({
      ping: "works",
      login: "fails",
      push: "not_tried",
      pull: "not_tried",
      mount: "not_tried",
      delete: "not_tried",
    });
    expect(wrong.works).toBe(false);
    expect(wrong.steps[1].change).toMatch(/^set username and password of the registry by-\w+, with the right to pull/);
    expect(JSON.stringify(wrong)).not.toContain("wrong-secret");
  });

  it("says when only reading is let in, and when nothing is deleted", async () => {
    const { host } = await tokenRegistry();
    await set("anybody", { host });
    const anybody = await check("anybody");
    expect(statuses(anybody)).toMatchObject({ login: "works", push: "fails", pull: "not_tried" });
    expect(anybody.steps[2].change).toMatch(
      /^set username and password of the registry anybody, with the right to push/,
    );

    const keeping = await passwordRegistry({ delete: { enabled: false } });
    await set("keeping", { host: keeping, ...login });
    const kept = await check("keeping");
    expect(statuses(kept)).toEqual({ ...all, delete: "fails" });
    expect(kept).toMatchObject({ works: true, left: [`${keeping}/slipway__check@${kept.left[0]?.split("@")[1]}`] });
    expect(kept.steps[5].change).toContain("storage.delete.enabled");
  });

  it("says where nobody answers", async () => {
    await set("away", { host: "127.0.0.1:1" });
    const away = await check("away");
    expect(away.steps[0]).toMatchObject({
      status: "fails",
      message: expect.stringContaining("ECONNREFUSED"),
      change: "check the host 127.0.0.1:1, and that the API and the workers reach it",
    });
  });

  it("trusts a company's CA where it is given, and says so where it is not", async () => {
    const { host, ca } = await tlsRegistry();
    expect(new X509Certificate(ca).ca).toBe(true);
    await set("company", { host, ...login, ca });
    expect(await check("company")).toMatchObject({ works: true, left: [] });
    // Another authority's certificate.
    const other = await tlsRegistry();
    await set("company", { host, ...login, ca: other.ca });
    expect((await check("company")).steps[0]).toMatchObject({
      status: "fails",
      message: expect.stringMatching(
        /give the certificate of its authority as the registry's CA, or in SLIPWAY_CA_BUNDLE$/,
      ),
    });
    const bundle = join(temporaryFolder(), "ca.pem");
    writeFileSync(bundle, ca);
    const wide = await testService({
      SLIPWAY_CA_BUNDLE: bundle,
      SLIPWAY_REGISTRY: host,
      SLIPWAY_REGISTRY_CA: other.ca,
      SLIPWAY_REGISTRY_USERNAME: login.username,
      SLIPWAY_REGISTRY_PASSWORD: login.password,
    });
    expect((await wide.call("POST", "/v1/registries/default/check")).json).toMatchObject({ works: true });
    const readiness = async () =>
      (await wide.call("GET", "/readyz")).json.parts.find(({ name }: { name: string }) => name === "registry");
    await expect.poll(readiness).toMatchObject({ status: "ok" });
  });
});
