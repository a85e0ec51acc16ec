import pg from "pg";
import { describe, expect, it, vi } from "vitest";
import { Model, Version } from "#api/schemas.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call, registry } = service;

describe("versions", () => {
  it("makes drafts with running numbers", async () => {
    await draftOf(service, "numbered", "1.0.0");
    const second = await call("POST", "/v1/models/numbered/versions", {
      json: { version: "0.9.0", description: "older", labels: { stage: "test" }, metadata: { auc: 0.91 } },
    });
    expect(second.status).toBe(201);
    expect(second.headers["location"]).toBe("/v1/models/numbered/versions/0.9.0");
    expect(second.json).toMatchObject({
      model: "numbered",
      version: "0.9.0",
      number: 2,
      status: "draft",
      contentDigest: null,
      sizeBytes: 0,
      fileCount: 0,
      format: null,
      description: "older",
      labels: { stage: "test" },
      metadata: { auc: 0.91 },
      build: null,
      image: null,
      proof: null,
      tags: [],
      sealedAt: null,
    });
    expect((await call("GET", "/v1/models/numbered/versions/0.9.0")).json).toEqual(second.json);
  });

  it("shows nothing that only the database needs", async () => {
    await draftOf(service, "shown", "1.0.0");
    for (const [path, schema] of [
      ["/v1/models/shown", Model],
      ["/v1/models/shown/versions/1.0.0", Version],
    ] as const)
      expect(Object.keys((await call("GET", path)).json).sort()).toEqual(Object.keys(schema.properties).sort());
  });

  it("refuses a version that exists, and takes no number for it", async () => {
    await draftOf(service, "twice", "1.0.0");
    const again = await call("POST", "/v1/models/twice/versions", { json: { version: "1.0.0" } });
    expect(again.status).toBe(409);
    const next = await call("POST", "/v1/models/twice/versions", { json: { version: "1.0.1" } });
    expect(next.json.number).toBe(2);
  });

  it("never uses the version and number of a deleted draft again", async () => {
    await draftOf(service, "gone", "1.0.0", { "a.txt": "a" });
    expect((await call("DELETE", "/v1/models/gone/versions/1.0.0")).status).toBe(204);
    expect((await call("GET", "/v1/models/gone/versions/1.0.0")).status).toBe(404);
    const again = await call("POST", "/v1/models/gone/versions", { json: { version: "1.0.0" } });
    expect(again.status).toBe(409);
    expect(again.json.detail).toContain("take the next one");
    const next = await call("POST", "/v1/models/gone/versions", { json: { version: "1.0.1" } });
    expect(next.json.number).toBe(2);
    const left = await registry.db.versionFile.count({ where: { version: { model: { name: "gone" } } } });
    expect(left).toBe(0);
  });

  it.each(["1.0", "v1.0.0", "1.0.0+build", "latest", "01.0.0", ""])("refuses %j as a version", async (version) => {
    await call("POST", "/v1/models", { json: { name: "strict" } });
    const answer = await call("POST", "/v1/models/strict/versions", { json: { version } });
    expect(answer.status).toBe(400);
    expect(answer.json.detail).toBe(
      "body/version: write major.minor.patch, with -pre.release where it is one, without a leading v and without +build",
    );
  });

  it("lists in the order of semver, both ways, page by page", async () => {
    const ordered = [
      "0.9.0",
      "1.0.0-rc.1",
      "1.0.0",
      "1.9.0",
      "1.10.0-alpha",
      "1.10.0-beta.2",
      "1.10.0-beta.11",
      "1.10.0",
    ];
    await call("POST", "/v1/models", { json: { name: "ordered" } });
    for (const version of ordered.toReversed())
      expect((await call("POST", "/v1/models/ordered/versions", { json: { version } })).status).toBe(201);
    for (const [order, expected] of [
      ["asc", ordered],
      ["desc", ordered.toReversed()],
    ] as const) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? "" : `&cursor=${cursor}`;
        const page = await call("GET", `/v1/models/ordered/versions?order=${order}&limit=3${query}`);
        seen.push(...page.json.items.map((item: { version: string }) => item.version));
        cursor = page.json.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(expected);
    }
    const descending = await call("GET", "/v1/models/ordered/versions?order=desc&limit=1");
    const crossed = await call("GET", `/v1/models/ordered/versions?cursor=${descending.json.nextCursor}`);
    expect(crossed.status).toBe(400);
  });

  it("finds versions by status and label", async () => {
    await draftOf(service, "searched", "1.0.0");
    await call("PATCH", "/v1/models/searched/versions/1.0.0", { json: { labels: { gpu: "no" } } });
    const all = async (query: string) => (await call("GET", `/v1/models/searched/versions?${query}`)).json.items.length;
    expect(await all("status=draft&label=gpu=no")).toBe(1);
    expect(await all("status=ready")).toBe(0);
    expect(await all("label=gpu=yes")).toBe(0);
    const odd = await call("GET", "/v1/models/searched/versions?status=odd");
    expect([odd.status, odd.json.detail]).toEqual([
      400,
      expect.stringContaining("must be one of draft, verifying, sealed,"),
    ]);
  });

  it("reads a version with one statement", async () => {
    await draftOf(service, "lean", "1.0.0", { "a.txt": "a" });
    const query = vi.spyOn(pg.Client.prototype, "query");
    await call("GET", "/v1/models/lean/versions/1.0.0");
    expect(query).toHaveBeenCalledTimes(1);
    query.mockRestore();
  });

  it("keeps metadata that Postgres could not as a clear refusal", async () => {
    await call("POST", "/v1/models", { json: { name: "odd" } });
    const nul = await call("POST", "/v1/models/odd/versions", {
      json: { version: "1.0.0", metadata: { a: "\u0000" } },
    });
    expect(nul.status).toBe(400);
    for (const [levels, status] of [
      [80, 422],
      [100_000, 400],
    ] as const) {
      const deep = `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
      const nested = await call("POST", "/v1/models/odd/versions", {
        bytes: `{"version":"1.0.0","metadata":${deep}}`,
        headers: { "content-type": "application/json" },
      });
      expect([levels, nested.status]).toEqual([levels, status]);
    }
    expect((await call("GET", "/v1/models/odd/versions/1.0.0")).status).toBe(404);
  });
});
