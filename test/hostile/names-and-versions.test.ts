import { describe, expect, it } from "vitest";
import { expectRefused } from "#test/aftermath.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;
await draftOf(service, "taken", "1.0.0");

const noNames: [what: string, name: unknown][] = [
  ["nothing", ""],
  ["a way up", "../churn"],
  ["two components", "library/churn"],
  ["capitals", "Churn"],
  ["a Cyrillic а among Latin letters", "churn\u0430"],
  ["a full-width letter", "\uff43hurn"],
  ["a dotless i", "\u0131ris"],
  ["a line break at the end", "churn\n"],
  ["a space at the end", "churn "],
  ["a NUL", "churn\u0000"],
  ["two underscores, which are for repositories", "churn__2"],
  ["two dots", "churn..x"],
  ["a dot at the start", ".churn"],
  ["a dash at the start", "-churn"],
  ["a colon and a tag", "churn:latest"],
  ["a digest", "churn@sha256"],
  ["a percent-encoding", "a%2fb"],
  ["129 characters", "a".repeat(129)],
  ["100 KiB", "a-".repeat(50_000)],
  ["emoji", "🐙"],
  ["a quote", "a'; DROP TABLE models; --"],
  ["a number", 1],
  ["a list", ["churn"]],
  ["an object", { toString: "churn" }],
  ["null", null],
];

const noVersions: [what: string, version: unknown][] = [
  ["nothing", ""],
  ["a v", "v1.0.0"],
  ["two numbers", "1.0"],
  ["four numbers", "1.0.0.0"],
  ["a leading zero", "01.0.0"],
  ["a zero before a number in its pre-release", "1.0.0-01"],
  ["build metadata", "1.0.0+build"],
  ["an exponent", "1e3.0.0"],
  ["a sign", "-1.0.0"],
  ["Arabic digits", "\u0661.0.0"],
  ["a line break at the end", "1.0.0\n"],
  ["a space", " 1.0.0"],
  ["129 characters", `1.0.0-${"a".repeat(123)}`],
  ["dashes without an end", `1.0.0-${"-".repeat(100_000)}!`],
  ["zeros without an end", `1.0.0-${"0".repeat(100_000)}!`],
  ["the latest", "latest"],
  ["a range", ">=1.0.0"],
  ["a star", "*"],
  ["a number, not a text", 1],
  ["a list", ["1.0.0"]],
];

describe("names", () => {
  it.each(noNames)("refuses a model named by %s", async (_, name) => {
    await expectRefused(service, 400, () => call("POST", "/v1/models", { json: { name } }));
    await expectRefused(service, 400, () => call("PATCH", "/v1/models/taken", { json: { name } }));
  });

  it.each(["constructor", "con", "null", "0", "a.b-c_d", "tags", "versions"])(
    "takes %s as a name like any other",
    async (name) => {
      expect((await call("POST", "/v1/models", { json: { name } })).status).toBe(201);
      expect((await call("GET", `/v1/models/${name}`)).json).toMatchObject({ name, tags: {}, latestVersion: null });
      await expectRefused(service, 409, () => call("POST", "/v1/models", { json: { name } }));
    },
  );

  it.each(["%2e%2e", "..%2ftaken", "TAKEN", "taken%20", "taken%2fversions", "taken;x", "'%20OR%20'1'='1", "__proto__"])(
    "finds no model at %s",
    async (name) => {
      await expectRefused(service, 404, () => call("GET", `/v1/models/${name}`));
      await expectRefused(service, 404, () => call("DELETE", `/v1/models/${name}`));
    },
  );
});

describe("versions", () => {
  it.each(noVersions)("refuses %s", async (_, version) => {
    await expectRefused(service, 400, () => call("POST", "/v1/models/taken/versions", { json: { version } }));
  });

  it.each(noVersions.filter(([, version]) => typeof version === "string" && version.length < 5_000))(
    "takes no archive for %s, and finds nothing there",
    async (_, version) => {
      const named = encodeURIComponent(String(version));
      const archive = { bytes: "x", headers: { "content-type": "application/x-tar" } };
      await expectRefused(service, 400, () => call("POST", `/v1/models/taken/versions?version=${named}`, archive));
      if (named === "") return;
      await expectRefused(service, 404, () => call("GET", `/v1/models/taken/versions/${named}`));
      await expectRefused(service, 404, () => call("POST", `/v1/models/taken/versions/${named}/seal`));
    },
  );

  it.each(["9007199254740992.0.0", "0.0.1-9007199254740992", `${"9".repeat(100)}.0.0`])(
    "refuses %s, whose number is beyond 2^53",
    async (version) => {
      await expectRefused(service, 422, () => call("POST", "/v1/models/taken/versions", { json: { version } }));
    },
  );

  it("are in the body or in the query, and never in both", async () => {
    await expectRefused(service, 400, () =>
      call("POST", "/v1/models/taken/versions?version=2.0.0", { json: { version: "3.0.0" } }),
    );
  });

  it("uses no version twice, whatever else is said of it", async () => {
    for (const more of [{}, { labels: { a: "b" } }, { metadata: {} }])
      await expectRefused(service, 409, () =>
        call("POST", "/v1/models/taken/versions", { json: { version: "1.0.0", ...more } }),
      );
  });
});

describe("tags", () => {
  const move = (tag: string) => call("PUT", `/v1/models/taken/tags/${tag}`, { json: { version: "1.0.0" } });

  it.each([
    "latest",
    "LATEST",
    "Latest",
    "1",
    "1.2",
    "1.0.0",
    "sha256-abc",
    "SHA256-abc",
    ".prod",
    "-prod",
    "a%2fb",
    "pr%C3%B6d",
    "a%20b",
    "x".repeat(129),
    "%0a",
  ])("refuses the tag %s", async (tag) => {
    await expectRefused(service, 422, () => move(tag));
    await expectRefused(service, 422, () => call("DELETE", `/v1/models/taken/tags/${tag}`));
  });

  it("points at nothing that is not ready", async () => {
    await expectRefused(service, 409, () => move("prod"));
  });

  it("never has two tags that differ in case alone", async () => {
    const { id: versionId } = await service.registry.db.version.findFirstOrThrow();
    const image = {
      id: versionId,
      repository: "r",
      digest: `sha256:${"0".repeat(64)}`,
      origin: "built",
      platforms: [],
    };
    await service.registry.db.image.create({ data: image });
    await service.registry.db.version.update({
      where: { id: versionId },
      data: { imageId: image.id, sealedAt: new Date() },
    });
    expect((await move("prod_eu")).status).toBe(201);
    const alike = await expectRefused(service, 409, () => move("Prod_EU"));
    expect([alike.json.type, alike.json.detail]).toEqual(["/problems/tag_taken", expect.stringContaining('"prod_eu"')]);
    expect((await move("prodxeu")).status).toBe(201);
    expect((await call("DELETE", "/v1/models/taken/tags/prod_eu")).status).toBe(204);
    expect((await move("Prod_EU")).status).toBe(201);
    await expectRefused(service, 409, () => move("prod_eu"));
    expect((await call("GET", "/v1/models/taken")).json.tags).toEqual({ Prod_EU: "1.0.0", prodxeu: "1.0.0" });
  });
});
