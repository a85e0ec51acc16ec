import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { BlobKey, PartsId } from "#core/artifacts/blob-store.ts";
import { storeBlob } from "#core/artifacts/blobs.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { type Damage, verifyBlobs } from "#core/artifacts/verify-blobs.ts";
import { kept } from "#test/aftermath.ts";
import { serviceCommand } from "#test/service-command.ts";
import { workerProcess } from "#test/service-processes.ts";
import { replaceStored } from "#test/stored-objects.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const all = { between: { after: "", before: "" }, bytesPerSecond: 1e12 };

const names = ["sound", "missing", "changed", "cut", "longer"] as const;
const digestOfName = (name: string) => digestOf(Buffer.from(`bytes that are ${name}`));

async function damagedService(): Promise<TestService> {
  const service = await testService();
  const textOf = (name: string) => `bytes that are ${name}`;
  await draftOf(service, "m", "1.0.0", Object.fromEntries(names.map((name) => [`${name}.bin`, textOf(name)])));
  const { db, blobs } = service.registry;
  const change = async (name: (typeof names)[number], to: string | null) => {
    const { key } = await db.blob.findUniqueOrThrow({ where: { digest: digestOfName(name) } });
    if (to === null) await blobs.remove(key as BlobKey);
    else await replaceStored(service.registry, key, Buffer.from(to));
  };
  await change("missing", null);
  await change("changed", textOf("CHANGED"));
  await change("cut", "bytes");
  await change("longer", `${textOf("longer")}!`);
  return service;
}

describe("npm run verify-artifacts", () => {
  it("names what is missing, what was changed and what no row names, and changes nothing else", async () => {
    const service = await damagedService();
    const orphan = randomBytes(16).toString("hex") as BlobKey;
    await service.registry.blobs.put(orphan, Readable.from([Buffer.from("bytes first")]));
    const before = await kept(service);
    const settings = { SLIPWAY_GARBAGE_GRACE_HOURS: "0" };
    const { code, output, errors } = await serviceCommand(service, "verify-artifacts", [], settings);
    expect([code, errors]).toEqual([1, ""]);
    const lines = output.trim().split("\n");
    const lineOf = (name: string) => lines.filter((line) => line.includes(name)).map((line) => line.split(/ {2,}/));
    expect(lineOf(digestOfName("sound"))).toEqual([]);
    expect(lineOf(digestOfName("missing"))).toEqual([
      ["missing", "22", digestOfName("missing"), "the store has no such object; m:1.0.0/missing.bin"],
    ]);
    expect(lineOf(digestOfName("changed"))).toEqual([["changed", "22", digestOfName("changed"), expect.any(String)]]);
    expect(lineOf(digestOfName("cut"))[0]?.[3]).toContain("gives 5 bytes");
    expect(lineOf(digestOfName("longer"))[0]?.[3]).toContain("gives 22 bytes");
    expect(lineOf(orphan)).toEqual([["leftover", "11", orphan, expect.stringContaining("named by no row")]]);
    expect(lines.at(-1)).toBe("5 blobs with 103 bytes: 4 damaged; 1 objects without a row");
    expect(await kept(service)).toEqual(before);

    const json = await serviceCommand(service, "verify-artifacts", ["--json"], settings);
    const { findings, ...sums } = JSON.parse(json.output);
    expect([json.code, sums]).toEqual([1, { blobs: 5, sizeBytes: 103, damaged: 4, leftovers: 1 }]);
    expect(findings).toHaveLength(5);
    expect(findings).toContainEqual(
      expect.objectContaining({ what: "missing", digest: digestOfName("missing"), sizeBytes: 22 }),
    );
  });

  it("names uploads in parts that no row names, and uploads in progress that lost what they had received", async () => {
    const service = await testService();
    const { blobs, db } = service.registry;
    await draftOf(service, "m", "1.0.0");
    const tus = { "tus-resumable": "1.0.0" };
    const begin = async (name: string, sizeBytes: number) => {
      const metadata = `path ${Buffer.from(name).toString("base64")}`;
      const headers = { ...tus, "upload-length": String(sizeBytes), "upload-metadata": metadata };
      const made = await service.call("POST", "/v1/models/m/versions/1.0.0/resumable", { headers });
      const url = String(made.headers["location"]);
      const patch = { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream" };
      const bytes = randomBytes(8 * 1024 ** 2 + 10); // a part and a tail
      expect((await service.call("PATCH", url, { bytes, headers: patch })).status).toBe(204);
      return db.upload.findUniqueOrThrow({ where: { id: url.split("/").at(-1) ?? "" } });
    };
    const size = 20 * 1024 ** 2;
    await begin("sound.bin", size);
    const [partless, tailless, changed] = [await begin("p", size), await begin("t", size), await begin("c", size)];
    await blobs.parts.abort(partless.key as BlobKey, partless.storeId as PartsId);
    await blobs.remove(tailless.tailKey as BlobKey);
    await db.upload.update({ where: { id: changed.id }, data: { tailDigest: digestOf("others") } });
    const orphan = randomBytes(16).toString("hex") as BlobKey;
    await blobs.parts.begin(orphan, { partBytes: 5 * 1024 ** 2 });
    const before = await kept(service);
    const settings = { SLIPWAY_GARBAGE_GRACE_HOURS: "0" };
    const { code, output } = await serviceCommand(service, "verify-artifacts", ["--json"], settings);
    expect(code).toBe(1);
    const { findings, damaged } = JSON.parse(output);
    expect(damaged).toBe(3);
    const found = findings.map(({ what, upload, key, files }: Record<string, string>) => [
      what,
      upload ?? key,
      files?.[0],
    ]);
    expect(found.sort()).toEqual(
      [
        ["missing", partless.id, "m:1.0.0/p"],
        ["missing", tailless.id, "m:1.0.0/t"],
        ["changed", changed.id, "m:1.0.0/c"],
        ["leftover", orphan, undefined],
      ].sort(),
    );
    const table = await serviceCommand(service, "verify-artifacts", [], settings);
    expect(table.output).toContain(`upload ${partless.id}`);
    expect(await kept(service)).toEqual(before);
  });

  it("ends with code 0 where all is sound, and goes on after a digest", async () => {
    const service = await testService();
    await draftOf(service, "m", "1.0.0", { "a.bin": "a", "b.bin": "b", "c.bin": "c" });
    const digests = ["a", "b", "c"].map((text) => digestOf(Buffer.from(text))).sort();
    const { code, output } = await serviceCommand(service, "verify-artifacts");
    expect([code, output]).toEqual([0, expect.stringContaining("3 blobs with 3 bytes: 0 damaged; 0 objects")]);
    const rest = await serviceCommand(service, "verify-artifacts", ["--from", digests[0] ?? ""]);
    expect([rest.code, rest.output]).toEqual([0, expect.stringContaining("2 blobs with 2 bytes: 0 damaged")]);
  });

  it("says that the store is away, and not that all is missing", async () => {
    const service = await testService();
    await draftOf(service, "m", "1.0.0", { "a.bin": "a" });
    const elsewhere: Record<string, string> =
      service.registry.config.artifacts.s3 === null
        ? { SLIPWAY_ARTIFACTS_DIR: "/etc/passwd/is-no-folder" }
        : { SLIPWAY_S3_ENDPOINT: "http://127.0.0.1:1" };
    const { code, output, errors } = await serviceCommand(service, "verify-artifacts", [], elsewhere);
    expect([code, output]).toEqual([1, expect.not.stringContaining("damaged")]);
    expect(errors).toContain("could not be verified");
  });
});

it("what was found damaged is whole again when somebody sends the same bytes, or the store has them again", async () => {
  const service = await damagedService();
  const { db, blobs } = service.registry;
  const damaged = async (): Promise<string[]> => {
    const found: Damage[] = [];
    const signal = new AbortController().signal;
    await verifyBlobs({ db, blobs }, { ...all, signal, onDamage: (damage) => found.push(damage) });
    return found.flatMap(({ files }) => files).sort();
  };
  expect(await damaged()).toEqual([
    "m:1.0.0/changed.bin",
    "m:1.0.0/cut.bin",
    "m:1.0.0/longer.bin",
    "m:1.0.0/missing.bin",
  ]);
  // Nobody is told that bytes are there which are not.
  const referred = await service.call("POST", "/v1/models/m/versions/1.0.0/files", {
    json: { files: [{ path: "other.bin", digest: digestOfName("missing") }] },
  });
  expect(referred.json).toMatchObject({ stored: [], missing: [{ path: "other.bin" }] });
  for (const name of ["missing", "changed"]) {
    const at = `/v1/models/m/versions/1.0.0/files/${name}.bin`;
    expect((await service.call("PUT", at, { bytes: `bytes that are ${name}` })).status).toBe(200);
    expect((await service.call("GET", at)).bytes.toString()).toBe(`bytes that are ${name}`);
  }
  const { key } = await db.blob.findUniqueOrThrow({ where: { digest: digestOfName("cut") } });
  await replaceStored(service.registry, key, Buffer.from("bytes that are cut"));
  expect(await damaged()).toEqual(["m:1.0.0/longer.bin"]);
  expect(await db.blob.count({ where: { damagedAt: { not: null } } })).toBe(1);
});

it("a worker finds damage by itself, and sounds the alarm in its log", async () => {
  const service = await damagedService();
  // Every slice within a second or two.
  const worker = await workerProcess(service, { SLIPWAY_VERIFY_DAYS: "1", SLIPWAY_RECONCILE_SECONDS: "0.1" });
  await service.registry.db.work.create({
    data: {
      id: "01931c2e-0000-7000-8000-000000000000",
      kind: "verify",
      subjectId: "00000000-0000-0000-0000-000000000000",
      state: "done",
      // Of the digest that is missing; a claim raises it.
      attempt: Number.parseInt(digestOfName("missing").slice("sha256:".length, "sha256:".length + 2), 16) + 255,
      runAfter: new Date(Date.now() - 86_400_000),
    },
  });
  const line = await worker.line(/stored bytes are missing/, 60_000);
  expect(line).toContain(digestOfName("missing"));
  await worker.line(/a slice of what is stored is verified/, 60_000);
});

describe("verifying", () => {
  const damageOf = async (service: TestService, blobs = service.registry.blobs) => {
    const damages: Damage[] = [];
    const signal = new AbortController().signal;
    const onDamage = (damage: Damage) => damages.push(damage);
    const verified = await verifyBlobs({ db: service.registry.db, blobs }, { ...all, signal, onDamage });
    return { damages, verified };
  };

  it("takes for damage what the store does not give though it can be used, and not a store that is away", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    const { digest } = await storeBlob({ db, blobs }, Readable.from([Buffer.from("unreadable")]));
    const unreadable = { ...blobs, open: () => Promise.reject(new Error("input/output error")) };
    expect((await damageOf(service, unreadable)).damages).toEqual([
      expect.objectContaining({ what: "unreadable", digest, detail: "input/output error" }),
    ]);
    const away = { ...unreadable, check: () => Promise.reject(new Error("the store is away")) };
    await expect(damageOf(service, away)).rejects.toThrow("the store is away");
  });

  it("reads no blob on where the store went away under another", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    for (const text of ["a", "b", "c"]) await storeBlob({ db, blobs }, Readable.from([Buffer.from(text)]));
    let ended = 0;
    let opened = 0;
    const endless = { ...blobs, check: () => Promise.reject(new Error("the store is away")) };
    endless.open = async () => {
      opened += 1;
      if (opened === 1) throw new Error("gone");
      const body = Readable.from(
        (async function* () {
          for (;;) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            yield Buffer.alloc(1);
          }
        })(),
      );
      return body.once("close", () => {
        ended += 1;
      });
    };
    await expect(damageOf(service, endless)).rejects.toThrow("the store is away");
    expect(opened).toBe(3);
    await waitUntil("the others have let go", async () => ended === 2);
  });

  it("takes no blob for damage that was collected while it was read", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    const { digest } = await storeBlob({ db, blobs }, Readable.from([Buffer.from("going")]));
    const collected = {
      ...blobs,
      async open(key: BlobKey) {
        await db.blob.delete({ where: { digest } });
        await blobs.remove(key);
        return blobs.open(key);
      },
    };
    expect((await damageOf(service, collected)).damages).toEqual([]);
  });

  it("reads no faster than it is told, over all blobs together", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    for (let i = 0; i < 6; i++) await storeBlob({ db, blobs }, Readable.from([randomBytes(100_000)]));
    const started = performance.now();
    const verified = await verifyBlobs(
      { db, blobs },
      { ...all, bytesPerSecond: 600_000, signal: new AbortController().signal, onDamage: () => {} },
    );
    expect(verified).toEqual({ blobs: 6, sizeBytes: 600_000 });
    expect(performance.now() - started).toBeGreaterThan(900);
  });

  it("reads a part alone where it is told so, and together the parts are all", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    const texts = Array.from({ length: 40 }, (_, index) => `blob ${index}`);
    for (const text of texts) await storeBlob({ db, blobs }, Readable.from([Buffer.from(text)]));
    let seen = 0;
    for (let slice = 0; slice < 256; slice++) {
      const prefix = `sha256:${slice.toString(16).padStart(2, "0")}`;
      const expected = texts.filter(
        (text) => `sha256:${createHash("sha256").update(text).digest("hex")}`.slice(0, 9) === prefix,
      );
      const { blobs: count } = await verifyBlobs(
        { db, blobs },
        {
          ...all,
          between: { after: prefix, before: `${prefix}g` },
          signal: new AbortController().signal,
          onDamage: () => {},
        },
      );
      expect(count).toBe(expected.length);
      seen += count;
    }
    expect(seen).toBe(texts.length);
  });
});
