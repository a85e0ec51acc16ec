import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { guardedService } from "#test/access.ts";
import { expectRefused } from "#test/aftermath.ts";
import { patiently } from "#test/patiently.ts";
import { sealed } from "#test/sealed.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";

const service = await testService();
const { call, registry } = service;
const at = (model: string, version = "1.0.0") => `/v1/models/${model}/versions/${version}`;

type Named = { path: string; digest: string };
const register = (model: string, files: Named[], headers = {}, on: Pick<TestService, "call"> = service) =>
  on.call("POST", `${at(model)}/files`, { json: { files }, headers });
const filesOf = async (model: string, version = "1.0.0") =>
  (await call("GET", `${at(model, version)}/files`)).json.items.map(({ path, digest }: Named) => ({ path, digest }));

describe("two uploads of the same bytes at once", () => {
  it("store one blob, and leave no other object", async () => {
    const bytes = randomBytes(500_000);
    await draftOf(service, "at-once", "1.0.0");
    const before = await storedObjects(registry);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        patiently(() => call("PUT", `${at("at-once")}/files/${index}.bin`, { bytes })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
    const { key } = await registry.db.blob.findUniqueOrThrow({ where: { digest: digestOf(bytes) } });
    await expect.poll(() => storedObjects(registry)).toEqual([...before, key].sort());
  });
});

describe("files that are named by their digests", () => {
  it("are there without being sent where some version has their bytes; the others are to be sent", async () => {
    const [known, unknown] = [randomBytes(1_000), randomBytes(1_000)];
    await draftOf(service, "source", "1.0.0", { "weights.bin": known });
    await draftOf(service, "target", "1.0.0", { "old.txt": "old" });
    const before = await storedObjects(registry);
    const missing = { path: "unknown.bin", digest: digestOf(unknown) };
    const files = [
      { path: "model/a.bin", digest: digestOf(known) },
      missing,
      { path: "old.txt", digest: digestOf(known) },
    ];
    const answer = await register("target", files);
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        stored: [
          { path: "model/a.bin", digest: digestOf(known), sizeBytes: 1_000, status: "stored" },
          { path: "old.txt", digest: digestOf(known), sizeBytes: 1_000, status: "stored" },
        ],
        missing: [missing],
      },
    ]);
    expect(await storedObjects(registry)).toEqual(before);
    const read = await call("GET", `${at("target")}/files/model/a.bin`);
    expect(read.bytes.equals(known)).toBe(true);
    expect(await filesOf("target")).toEqual([files[0], files[2]]);
    const audited = await registry.db.auditEntry.findMany({
      where: { action: "file.put", object: { startsWith: "target:1.0.0/" } },
      orderBy: { id: "asc" },
    });
    expect(audited.map(({ object, before }) => [object, before])).toEqual([
      ["target:1.0.0/old.txt", null],
      ["target:1.0.0/model/a.bin", null],
      ["target:1.0.0/old.txt", { digest: digestOf("old") }],
    ]);
    const again = await register("target", files);
    expect(again.json).toEqual(answer.json);
    expect(await registry.db.auditEntry.count({ where: { object: { startsWith: "target:1.0.0/" } } })).toBe(3);
  });

  it("are refused together where one cannot stand, and then none is there", async () => {
    const bytes = randomBytes(10);
    const digest = digestOf(bytes);
    await draftOf(service, "clashing", "1.0.0", { "a.bin": bytes });
    const refuse = (status: number, files: Named[]) =>
      expectRefused(service, status, () => register("clashing", files));
    const good = { path: "good.bin", digest };
    await refuse(409, [good, { path: "A.bin", digest }]);
    await refuse(409, [good, { path: "good.bin/inside", digest }]);
    await refuse(422, [good, { path: "../up", digest }]);
    await refuse(400, [good, good]);
    await refuse(400, [good, { path: "b", digest: "sha256:short" }]);
    await refuse(400, []);
    await sealed(service, "closed", "1.0.0");
    await expectRefused(service, 409, () => register("closed", [good]));
  });

  it("change once for one Idempotency-Key", async () => {
    const bytes = randomBytes(10);
    await draftOf(service, "keyed", "1.0.0", { "a.bin": bytes });
    const headers = { "idempotency-key": "register-once" };
    const files = [{ path: "b.bin", digest: digestOf(bytes) }];
    const first = await register("keyed", files, headers);
    const again = await register("keyed", files, headers);
    expect([again.headers["idempotent-replayed"], again.json]).toEqual(["true", first.json]);
  });

  it("count against the quotas", async () => {
    const bytes = randomBytes(60);
    await draftOf(service, "held.a", "1.0.0", { "a.bin": bytes });
    await call("PUT", "/v1/quotas/held.*", { json: { sizeBytes: 100 } });
    await expectRefused(service, 507, () => register("held.a", [{ path: "b.bin", digest: digestOf(bytes) }]));
  });

  it("live on when whoever had the bytes first deletes them", async () => {
    const bytes = randomBytes(1_000);
    await draftOf(service, "first-owner", "1.0.0", { "a.bin": bytes });
    await draftOf(service, "second-owner", "1.0.0");
    await register("second-owner", [{ path: "b.bin", digest: digestOf(bytes) }]);
    expect((await call("DELETE", at("first-owner"))).status).toBe(204);
    expect((await call("GET", `${at("second-owner")}/files/b.bin`)).bytes.equals(bytes)).toBe(true);
    await call("DELETE", at("second-owner"));
    await draftOf(service, "too-late", "1.0.0");
    const late = await register("too-late", [{ path: "c.bin", digest: digestOf(bytes) }]);
    expect(late.json).toEqual({ stored: [], missing: [{ path: "c.bin", digest: digestOf(bytes) }] });
  });
});

describe("with access on, bytes that others hold", async () => {
  const guarded = await guardedService();
  const ana = await guarded.identity("ana", [{ role: "administrator", pattern: "a.*" }]);
  const ben = await guarded.identity("ben", [
    { role: "uploader", pattern: "b.*" },
    { role: "reader", pattern: "shared.*" },
  ]);
  const of = (who: { call: TestService["call"] }): TestService => ({ ...guarded, call: who.call });

  it("are missing like bytes that nobody has, and there for whoever may read them", async () => {
    const [hers, everybodys] = [randomBytes(100), randomBytes(100)];
    await draftOf(of(ana), "a.secret", "1.0.0", { "weights.bin": hers });
    await draftOf(of({ call: guarded.admin }), "shared.base", "1.0.0", { "weights.bin": everybodys });
    await draftOf(of(ben), "b.own", "1.0.0");
    const files = [
      { path: "hers.bin", digest: digestOf(hers) },
      { path: "nobodys.bin", digest: digestOf(randomBytes(100)) },
      { path: "everybodys.bin", digest: digestOf(everybodys) },
    ];
    const { json } = await register("b.own", files, {}, of(ben));
    expect(json.missing).toEqual(files.slice(0, 2));
    expect(json.stored).toMatchObject([{ path: "everybodys.bin" }]);
    const anas = await draftOf(of(ana), "a.other", "1.0.0").then(() =>
      register("a.other", files.slice(0, 1), {}, of(ana)),
    );
    expect(anas.json.missing).toEqual([]);
  });
});

describe("a draft that starts from another version", () => {
  const start = (model: string, version: string, from: string, more = {}) =>
    call("POST", `/v1/models/${model}/versions`, { json: { version, from, ...more } });

  it("has its files, by semver or by tag, and moves no byte", async () => {
    const bytes = randomBytes(2_000);
    const files = { "weights.bin": bytes, "notes.txt": "first" };
    await draftOf(service, "line", "1.0.0", files);
    await call("PATCH", at("line"), { json: { labels: { team: "fraud" }, description: "the first" } });
    const before = await storedObjects(registry);
    const made = await start("line", "1.1.0", "1.0.0", { labels: { stage: "test" } });
    expect([made.status, made.json]).toMatchObject([
      201,
      { status: "draft", fileCount: 2, sizeBytes: 2_005, labels: { stage: "test" }, description: "" },
    ]);
    expect(await filesOf("line", "1.1.0")).toEqual(await filesOf("line"));
    expect(await storedObjects(registry)).toEqual(before);
    const audited = await registry.db.auditEntry.findFirstOrThrow({ where: { object: "line:1.1.0" } });
    expect(audited).toMatchObject({ action: "version.create", after: { version: "1.1.0", from: "1.0.0" } });

    // Each goes its own way from here.
    await call("PUT", `${at("line", "1.1.0")}/files/notes.txt`, { bytes: "second" });
    await call("DELETE", `${at("line")}/files/weights.bin`);
    expect((await call("GET", `${at("line")}/files/notes.txt`)).bytes.toString()).toBe("first");
    expect((await call("GET", `${at("line", "1.1.0")}/files/weights.bin`)).bytes.equals(bytes)).toBe(true);
  });

  it("is not made where there is nothing of that name, and no number is taken", async () => {
    await draftOf(service, "no-source", "1.0.0");
    for (const from of ["9.9.9", "prod", "2.0.0"])
      await expectRefused(service, 404, () => start("no-source", "2.0.0", from));
    expect((await start("no-source", "2.0.0", "1.0.0")).json.number).toBe(2);
  });

  it("is held to the quotas", async () => {
    await draftOf(service, "copied.a", "1.0.0", { "a.bin": randomBytes(60), "b.bin": randomBytes(5) });
    const set = (limits: Record<string, number>) => call("PUT", "/v1/quotas/copied.*", { json: limits });
    const refuse = (status: number) => expectRefused(service, status, () => start("copied.a", "1.1.0", "1.0.0"));
    await set({ sizeBytes: 100 });
    await refuse(507);
    await set({ fileBytes: 59 });
    await refuse(413);
    await set({ filesPerVersion: 1 });
    await refuse(422);
    await set({ fileBytes: 60, filesPerVersion: 2, sizeBytes: 130 });
    expect((await start("copied.a", "1.1.0", "1.0.0")).status).toBe(201);
  });

  it("waits for a source that changes, and then has all of it or what is left", async () => {
    await draftOf(
      service,
      "busy",
      "1.0.0",
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.txt`, `${i}`])),
    );
    const [made, ...gone] = await Promise.all([
      patiently(() => start("busy", "1.1.0", "1.0.0")),
      ...Array.from({ length: 20 }, (_, index) => patiently(() => call("DELETE", `${at("busy")}/files/${index}.txt`))),
    ]);
    expect(made.status).toBe(201);
    expect(gone.map(({ status }) => status)).toEqual(Array(20).fill(204));
    for (const { path } of await filesOf("busy", "1.1.0"))
      expect((await call("GET", `${at("busy", "1.1.0")}/files/${path}`)).status).toBe(200);
  });
});
