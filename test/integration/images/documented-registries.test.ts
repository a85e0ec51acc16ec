import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { beforeAll, describe, expect, it } from "vitest";
import { cloudApis } from "#test/cloud-apis.ts";
import { ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { type WireOptions, type WireRegistry, wireRegistry } from "#test/wire-registry.ts";

/*
 * None of these registries can be had here: servers stand in for them that behave on the wire as each is documented to
 * (how it lets in, where it has uploads and bytes, what it refuses). The clients, and the clouds' SDKs, are the real ones.
 */
const service = await testService({
  SLIPWAY_SECRET_KEY: "a key of the tests that is long enough",
  SLIPWAY_CLOUD_LOGIN_HOSTS: "127.0.0.1", // where the clouds' registries stand here
});
const { call } = service;
const clouds = await cloudApis();
testWorker(service.registry, smallImageBuilder());

const works = { ping: "works", login: "works", push: "works", pull: "works", mount: "works", delete: "works" };
const password = { username: "ci", password: "hunter2-token" };
const isPassword = (username: string, given: string) => username === "ci" && given === "hunter2-token";

/** `POST /oauth2/exchange` of Azure's registry (Azure/acr, docs/AAD-OAuth.md). */
function exchange(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.url !== "/oauth2/exchange") return false;
  text(request).then((form) => {
    const login = new URLSearchParams(form).get("access_token") ?? "";
    const right = clouds.logins.has(login);
    response.writeHead(right ? 200 : 401).end(JSON.stringify({ refresh_token: `refresh-of-${login}` }));
  });
  return true;
}

interface Documented {
  name: string;
  wire: WireOptions;
  settings: object;
  steps: Partial<Record<keyof typeof works, string>>;
}

const documented: Documented[] = [
  {
    // Tokens of auth.docker.io, bytes on another host, nothing is deleted by this API.
    name: "Docker Hub",
    wire: {
      way: "token",
      tokensElsewhere: true,
      isLogin: isPassword,
      publicReads: true,
      mounts: true,
      readsElsewhere: true,
    },
    settings: { ...password, repository: "company/{model}" },
    steps: { delete: "fails" },
  },
  {
    // Basic AWS:<12 h token>, a repository has to be made, mounting is off for an account unless it is switched on.
    name: "Amazon ECR",
    wire: {
      way: "basic",
      isLogin: (user, given) => user === "AWS" && clouds.logins.has(given),
      repositories: clouds.repositories,
      readsElsewhere: true,
      deletes: true,
    },
    settings: { auth: "ecr", createRepositories: true, repository: "team/{model}" },
    steps: { mount: "fails" },
  },
  {
    // oauth2accesstoken, tokens at /v2/token, uploads that go on outside /v2/.
    name: "Google Artifact Registry",
    wire: {
      way: "token",
      tokenPath: "/v2/token",
      isLogin: (user, given) => user === "oauth2accesstoken" && clouds.logins.has(given),
      uploadPath: (repository, id) => `/artifacts-uploads/namespaces/${repository}/uploads/${id}`,
      mounts: true,
      deletes: true,
    },
    settings: { auth: "google", repository: "project/images/{model}" },
    steps: {},
  },
  {
    // Entra ID's token → /oauth2/exchange → /oauth2/token.
    name: "Azure Container Registry",
    wire: {
      way: "token",
      tokenPath: "/oauth2/token",
      isLogin: (user, given) =>
        user === "00000000-0000-0000-0000-000000000000" && clouds.logins.has(given.replace("refresh-of-", "")),
      fault: exchange,
      readsElsewhere: true,
      mounts: true,
      deletes: true,
    },
    settings: { auth: "azure" },
    steps: {},
  },
  {
    // A personal access token, no chunk above 4 MiB (none is sent), nothing is deleted by this API.
    name: "GitHub Container Registry",
    wire: { way: "token", isLogin: isPassword, publicReads: true, mounts: true, readsElsewhere: true },
    settings: { ...password, repository: "company/{group}/{name}" },
    steps: { delete: "fails" },
  },
  {
    // Robot accounts with a "$" in their names, tokens at /service/token.
    name: "Harbor",
    wire: {
      way: "token",
      tokenPath: "/service/token",
      isLogin: (user, given) => user === "robot$team+ci" && given === "hunter2-robot",
      mounts: true,
      deletes: true,
    },
    settings: { username: "robot$team+ci", password: "hunter2-robot", repository: "team/{model}" },
    steps: {},
  },
];

describe.each(documented)("a registry that behaves as $name is documented to", ({ name, wire, settings, steps }) => {
  const slug = name.toLowerCase().replaceAll(" ", "-");
  let registry: WireRegistry;
  beforeAll(async () => {
    registry = await wireRegistry(wire);
    const json = { host: registry.host, models: [`${slug}.*`], ...settings };
    const answer = await call("PUT", `/v1/registries/${slug}`, { json });
    expect([answer.status, answer.json.hasPassword]).toEqual([201, "password" in settings]);
  });

  it("takes a version's image and gives it back; what it has is not sent again", async () => {
    const { imageDigest } = await ready(service, `${slug}.scorer`, "1.0.0");
    const { image } = (await call("GET", `/v1/models/${slug}.scorer/versions/1.0.0`)).json;
    expect(image.repository.startsWith(`${registry.host}/`)).toBe(true);
    const path = image.repository.slice(registry.host.length + 1);
    const names = ["1.0.0", "1.0", "1", "latest", imageDigest].map((name) => `${path}/${name}`);
    expect([...registry.manifests.keys()].sort()).toEqual(names.sort());
    const sent = registry.seen.filter((line) => line.startsWith("PUT") && !line.includes("/manifests/"));
    expect(sent).toHaveLength(2); // one layer, one config, each in one piece
    expect(registry.seen.some((line) => line.startsWith("PATCH"))).toBe(false);
  });

  it("is checked in one answer, and keeps nothing of that where it deletes", async () => {
    const before = [...registry.manifests.keys()];
    const { json } = await call("POST", `/v1/registries/${slug}/check`);
    const found = Object.fromEntries(
      json.steps.map((step: { step: string; status: string }) => [step.step, step.status]),
    );
    expect(found, JSON.stringify(json.steps)).toEqual({ ...works, ...steps });
    expect(json.works).toBe(true);
    for (const step of json.steps) expect(step.change === null).toBe(step.status === "works");
    const left =
      steps.delete === "fails" ? [expect.stringContaining(`${registry.host}/${json.repository}@sha256:`)] : [];
    expect(json.left).toEqual(left);
    if (left.length === 0) expect([...registry.manifests.keys()]).toEqual(before);
  });
});

describe("Amazon ECR, as documented", () => {
  it("has a repository made for each model, none for the check, and none by a name that it does not take", async () => {
    await call("DELETE", "/v1/models/amazon-ecr.again");
    for (const _ of [1, 2]) {
      await call("POST", "/v1/models", { json: { name: "amazon-ecr.again" } });
      await call("DELETE", "/v1/models/amazon-ecr.again");
    }
    await ready(service, "amazon-ecr.again", "1.0.0");
    expect([...clouds.repositories].sort()).toEqual(["team/amazon-ecr.again/3", "team/amazon-ecr.scorer"]);
  });

  it("is pushed to without asking AWS for another login each time, and says what AWS refuses", async () => {
    const logins = () => clouds.asked.filter((asked) => asked === "GetAuthorizationToken").length;
    const before = logins();
    await ready(service, "amazon-ecr.more", "1.0.0");
    expect(logins()).toBe(before);
    clouds.broken = true;
    await call("PUT", "/v1/registries/refused", {
      json: { host: "123456789012.dkr.ecr.eu-west-1.amazonaws.com", auth: "ecr" },
    });
    const { host } = (await call("GET", "/v1/registries/amazon-ecr")).json;
    await call("PUT", "/v1/registries/refused", { json: { host, auth: "ecr" } });
    const { json } = await call("POST", "/v1/registries/refused/check");
    expect(json.steps[1]).toMatchObject({
      status: "fails",
      message: expect.stringMatching(/^AWS did not give a login for .*AccessDeniedException/),
      change: expect.stringContaining("set the AWS credentials"),
    });
    clouds.broken = false;
  });
});
