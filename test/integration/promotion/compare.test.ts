import { describe, expect, it } from "vitest";
import { finished, predictorPackage, ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const service = await testService();
const { call } = service;
testWorker(service.registry, smallImageBuilder());

const compare = (versions: string, headers: Record<string, string> = {}) =>
  call("GET", `/v1/models/churn/compare/${versions}`, { headers });

async function sealedWith(version: string, files: Record<string, string>, metadata: object, signature: string) {
  const yaml = `metadata: ${JSON.stringify(metadata)}\nsignature:\n  inputs:\n    - {name: age, type: ${signature}, shape: [-1]}\n`;
  await draftOf(service, "churn", version, { ...predictorPackage, "slipway.yaml": yaml, ...files });
  await call("PATCH", `/v1/models/churn/versions/${version}`, { json: { labels: { team: version } } });
  const seal = await call("POST", `/v1/models/churn/versions/${version}/seal`);
  expect([seal.status, seal.json.detail]).toEqual([202, undefined]);
  await finished(service, seal.json.build.id);
}
await sealedWith("1.0.0", { "a.txt": "a", "gone.txt": "gone" }, { metrics: { auc: 0.91 } }, "float64");
await sealedWith(
  "1.1.0",
  { "a.txt": "other", "new.txt": "new" },
  { metrics: { auc: 0.93 }, note: "<img src=x> | *bold*\n# title" },
  "int64",
);
await call("PUT", "/v1/models/churn/tags/prod", { json: { version: "1.0.0" } });

describe("two versions", () => {
  it("are compared by files, metadata, labels, signature and image, also by a tag", async () => {
    const { status, json } = await compare("prod...1.1.0");
    expect([status, json.from.version, json.to.version]).toEqual([200, "1.0.0", "1.1.0"]);
    const { items, ...counts } = json.files;
    expect(counts).toEqual({ added: 1, removed: 1, changed: 2, same: 1 });
    expect(items.map(({ path }: { path: string }) => path)).toEqual(["a.txt", "gone.txt", "new.txt", "slipway.yaml"]);
    expect(items[1]).toMatchObject({ from: { sizeBytes: 4 }, to: null });
    expect(items[2]).toMatchObject({ from: null, to: { digest: expect.stringMatching(/^sha256:/), sizeBytes: 3 } });
    expect(json.metadata).toContainEqual({ path: "metrics.auc", from: 0.91, to: 0.93 });
    expect(json.labels).toEqual([{ path: "team", from: "1.0.0", to: "1.1.0" }]);
    expect(json.signature).toEqual([{ path: "inputs.age", from: "float64 [-1]", to: "int64 [-1]" }]);
    expect(json.image).toEqual({ fromBytes: 1_024, toBytes: 1_024, newBytes: 1_024 });
    expect(json.requirements).toEqual([]);
  });

  it("are compared by what their images were locked to", async () => {
    const pin = (version: string, pins: Record<string, string>) => {
      const requirements = JSON.stringify(Object.entries(pins).map(([name, pinned]) => ({ name, version: pinned })));
      return service.registry.db.$executeRaw`
        UPDATE builds b SET lock = jsonb_set(lock, '{requirements}', ${requirements}::jsonb)
        FROM versions v WHERE v.id = b.version_id AND v.semver = ${version}`;
    };
    await pin("1.0.0", { numpy: "1.26.4", scipy: "1.14.0", "old-one": "1" });
    await pin("1.1.0", { numpy: "2.1.0", scipy: "1.14.0", "new-one": "2" });
    expect((await compare("1.0.0...1.1.0")).json.requirements).toEqual([
      { name: "new-one", from: null, to: "2" },
      { name: "numpy", from: "1.26.4", to: "2.1.0" },
      { name: "old-one", from: "1", to: null },
    ]);
  });

  it("that are the same differ in nothing", async () => {
    const { json } = await compare("1.1.0...1.1.0");
    expect(json).toMatchObject({ metadata: [], labels: [], signature: [], image: { newBytes: 0 } });
    expect(json.files).toEqual({ added: 0, removed: 0, changed: 0, same: 4, items: [] });
  });

  it("are told as release notes, in which nothing of the package is Markdown or HTML", async () => {
    const { status, headers, bytes } = await compare("prod...1.1.0", { accept: "text/markdown" });
    const text = bytes.toString();
    expect([status, headers["content-type"]]).toEqual([200, "text/markdown; charset=utf-8"]);
    expect(text).toContain("# churn 1.0.0 → 1.1.0");
    expect(text).toContain("| metrics.auc | 0.91 | 0.93 |");
    expect(text).toContain("Files: 1 added, 2 changed, 1 removed.");
    expect(text).not.toContain("<img");
    expect(text.split("\n").filter((line) => line.startsWith("# "))).toHaveLength(1);
  });

  it.each([
    ["1.0.0...9.9.9", 404],
    ["1.0.0", 422],
    ["...1.0.0", 422],
    ["1.0.0...1.1.0...1.0.0", 422],
  ])("are named with three dots between: %s", async (versions, status) => {
    expect((await compare(versions)).status).toBe(status);
  });

  it("may be a draft and an image", async () => {
    await ready(service, "mixed", "1.0.0");
    await draftOf(service, "mixed", "2.0.0", {});
    const { status, json } = await call("GET", "/v1/models/mixed/compare/1.0.0...2.0.0");
    expect([status, json.image, json.files.removed]).toEqual([200, null, 2]);
  });
});
