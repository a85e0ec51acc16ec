import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { pythonOfTests } from "#standalone/setup/python-tests.mjs";
import { expectRefused } from "#test/aftermath.ts";
import { directUploads, partsOf, type SignedPart, sendPart } from "#test/direct-upload.ts";
import { pageBlocks } from "#test/page-blocks.ts";
import { predictorPackage } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const mebibyte = 1024 ** 2;
const partBytes = 16 * mebibyte;

for (const server of ["versitygw", "minio"] as const)
  describeWithBucket(`direct uploads to ${server}`, server, async ({ settings, config }) => {
    const real = config.endpoint ?? "";
    const proxy = await tcpProxy(real);
    const service = await testService({
      ...settings,
      SLIPWAY_S3_ENDPOINT: proxy.urlOf(real),
      SLIPWAY_S3_PUBLIC_ENDPOINT: real,
    });
    const { call, registry } = service;
    const { db } = registry;
    let models = 0;

    /** A draft of its own with a file in it, and a client. */
    async function draft(files: Record<string, string | Buffer> = predictorPackage) {
      models += 1;
      const model = `m${models}`;
      await draftOf(service, model, "1.0.0", files);
      const at = `/v1/models/${model}/versions/1.0.0`;
      const statusOfVersion = async () => (await call("GET", at)).json.status;
      return { model, at, statusOfVersion, uploads: directUploads(service, model, "1.0.0") };
    }

    async function verified(uploads: ReturnType<typeof directUploads>, id: string) {
      const worker = testWorker(registry, smallImageBuilder());
      const ended = async () => {
        const upload = await uploads.read(id);
        return upload.status === "verifying" ? null : upload;
      };
      return waitUntil("a worker has read it", ended).finally(() => worker.end());
    }

    const unowned = async () => {
      const owned = new Set((await db.blob.findMany()).map(({ key }) => key));
      return (await storedObjects(registry)).filter((name) => !owned.has(name));
    };
    const clean = () => waitUntil("the store holds what rows name alone", async () => (await unowned()).length === 0);

    it("take a file in parts past the API, and show that it is verified before it is there", async () => {
      const { at, statusOfVersion, uploads } = await draft();
      const bytes = randomBytes(2 * partBytes + 12_345);
      let passed = 0;
      proxy.disturb((chunk) => {
        passed += chunk.length;
        return chunk;
      });
      const upload = await uploads.start("model/weights.bin", bytes);
      expect(upload).toMatchObject({
        kind: "direct",
        path: "model/weights.bin",
        sizeBytes: bytes.length,
        digest: digestOf(bytes),
        partSizeBytes: partBytes,
        partCount: 3,
        status: "open",
        error: null,
      });
      expect(Object.keys(upload)).not.toContain("key");
      expect(await statusOfVersion()).toBe("draft");
      await uploads.send(upload, bytes);
      const sizes = partsOf(bytes, upload).map((part, index) => ({ number: index + 1, sizeBytes: part.length }));
      expect((await uploads.read(upload.id)).parts).toEqual(sizes);
      const completed = await uploads.complete(upload.id);
      proxy.disturb(null);
      expect([completed.status, completed.json.status]).toEqual([202, "verifying"]);
      // No byte of the file has gone through the API, between it and the store, or back.
      expect(passed).toBeLessThan(100_000);

      const file = `${at}/files/model/weights.bin`;
      const read = await call("GET", file);
      expect([read.status, read.json.type]).toEqual([409, "/problems/files_verifying"]);
      const listed = (await call("GET", `${at}/files`)).json.items;
      const shown = { path: "model/weights.bin", digest: digestOf(bytes), sizeBytes: bytes.length };
      expect(listed[0]).toEqual({ ...shown, status: "verifying" });
      expect(await statusOfVersion()).toBe("verifying");
      expect((await call("GET", `${at.replace("/1.0.0", "")}?status=verifying`)).json.items).toHaveLength(1);
      const seal = await call("POST", `${at}/seal`);
      expect([seal.status, seal.json.type]).toEqual([409, "/problems/files_verifying"]);
      expect(seal.headers["retry-after"]).toBe("2");
      expect((await call("DELETE", file)).json.type).toBe("/problems/files_verifying");
      expect(seal.json.detail).toContain("model/weights.bin");

      expect(await verified(uploads, upload.id)).toMatchObject({ status: "stored", error: null });
      expect(await statusOfVersion()).toBe("draft");
      expect((await call("GET", file)).bytes.equals(bytes)).toBe(true);
      expect((await call("GET", `${at}/files`)).json.items[0]).toEqual({ ...shown, status: "stored" });
      expect((await call("GET", uploads.at)).json.items).toEqual([]);
      expect((await call("POST", `${at}/seal`)).status).toBe(202);
      const audit = await db.auditEntry.findMany({
        where: { action: "file.put", object: { contains: "weights.bin" } },
      });
      expect(audit).toHaveLength(1);
      await clean();
    });

    it("are refused by the store itself where a part has other bytes, and by us where one is missing", async () => {
      const { uploads } = await draft();
      const bytes = randomBytes(2 * partBytes + 1);
      const upload = await uploads.start("a.bin", bytes);
      const [first, second, third] = partsOf(bytes, upload) as [Buffer, Buffer, Buffer];
      const signed = await uploads.sign(upload.id, [
        { number: 1, bytes: first },
        { number: 2, bytes: second },
        { number: 3, bytes: third },
      ]);
      const [one, two, three] = signed as [SignedPart, SignedPart, SignedPart];
      const flipped = Buffer.from(second);
      flipped[partBytes >> 1] = (flipped[partBytes >> 1] ?? 0) ^ 1;
      expect(await sendPart(two, flipped)).not.toBe(200);
      expect(await sendPart(two, first)).not.toBe(200);
      expect(await sendPart(one, first.subarray(1))).not.toBe(200);
      expect(await sendPart(three, third)).toBe(200);
      expect((await uploads.read(upload.id)).parts).toEqual([{ number: 3, sizeBytes: 1 }]);
      const refused = await expectRefused(service, 409, () => uploads.complete(upload.id));
      expect(refused.json.type).toBe("/problems/upload_incomplete");
      expect(refused.json.detail).toContain("send 1, 2,");
      await uploads.send(upload, bytes);
      expect((await uploads.complete(upload.id)).status).toBe(202);
      expect((await verified(uploads, upload.id)).status).toBe("stored");
    });

    it("cannot be changed by URLs that were signed before", async () => {
      const { at, uploads } = await draft();
      const bytes = randomBytes(2 * partBytes);
      const upload = await uploads.start("a.bin", bytes);
      const [, other] = await uploads.sign(upload.id, [
        { number: 1, bytes: bytes.subarray(0, partBytes) },
        { number: 1, bytes: randomBytes(partBytes).fill(7) },
      ]);
      const signed = await uploads.send(upload, bytes);
      expect((await uploads.complete(upload.id)).status).toBe(202);
      const tryAll = async () => {
        const statuses = [await sendPart(other as SignedPart, randomBytes(partBytes).fill(7))];
        for (const part of signed)
          statuses.push(await sendPart(part, partsOf(bytes, upload)[part.number - 1] ?? Buffer.alloc(0)));
        expect(statuses.every((status) => status !== 200)).toBe(true);
      };
      await tryAll();
      expect((await verified(uploads, upload.id)).status).toBe("stored");
      await tryAll();
      expect((await call("GET", `${at}/files/a.bin`)).bytes.equals(bytes)).toBe(true);
      await clean();
      const again = await call("POST", `${uploads.at}/${upload.id}/parts`, {
        json: { parts: [{ number: 1, digest: digestOf(bytes) }] },
      });
      expect([again.status, again.json.type]).toEqual([409, "/problems/upload_finished"]);
    });

    it("that lie about their digest fail, and their bytes are removed", async () => {
      const { at, statusOfVersion, uploads } = await draft();
      const bytes = randomBytes(1_000);
      const { id } = await uploads.upload("lie.bin", bytes, { digest: digestOf("something else") });
      const failed = await verified(uploads, id);
      expect(failed).toMatchObject({ status: "failed", error: { code: "digest_mismatch" } });
      expect(failed.error.message).toContain(digestOf(bytes));
      expect((await call("GET", `${at}/files/lie.bin`)).status).toBe(404);
      expect(await statusOfVersion()).toBe("draft");
      expect((await call("GET", uploads.at)).json.items).toMatchObject([{ id, status: "failed" }]);
      expect(await db.blob.count({ where: { digest: digestOf(bytes) } })).toBe(0);
      const [audit] = await db.auditEntry.findMany({ where: { action: "upload.fail", objectId: id } });
      expect(audit).toMatchObject({ actor: "slipway", after: { error: { code: "digest_mismatch" } } });
      await clean();
      expect((await call("POST", `${at}/seal`)).status).toBe(202);
    });

    it("end when they are deleted, whatever is still sent", async () => {
      const { uploads } = await draft();
      const bytes = randomBytes(partBytes + 1);
      const upload = await uploads.start("gone.bin", bytes);
      const signed = await uploads.send(upload, bytes);
      for (const _ of ["once", "again"]) expect((await call("DELETE", `${uploads.at}/${upload.id}`)).status).toBe(204);
      expect((await uploads.read(upload.id)).status).toBe("cancelled");
      expect((await uploads.complete(upload.id)).json.type).toBe("/problems/upload_finished");
      for (const part of signed)
        expect(await sendPart(part, partsOf(bytes, upload)[part.number - 1] ?? Buffer.alloc(0))).not.toBe(200);
      await clean();
      const whole = await uploads.upload("gone.bin", bytes);
      expect((await call("DELETE", `${uploads.at}/${whole.id}`)).status).toBe(204);
      await clean();
      const kept = await uploads.upload("gone.bin", bytes);
      await verified(uploads, kept.id);
      const late = await call("DELETE", `${uploads.at}/${kept.id}`);
      expect([late.status, late.json.type]).toEqual([409, "/problems/upload_finished"]);
    });

    it("store the same bytes once, and read them all the same", async () => {
      const bytes = randomBytes(100_000);
      const { at, uploads } = await draft({ ...predictorPackage, "first.bin": bytes });
      const { id } = await uploads.upload("second.bin", bytes);
      expect((await uploads.read(id)).status).toBe("verifying");
      expect((await verified(uploads, id)).status).toBe("stored");
      expect((await call("GET", `${at}/files/second.bin`)).bytes.equals(bytes)).toBe(true);
      expect(await db.blob.count({ where: { digest: digestOf(bytes) } })).toBe(1);
      await clean();
    });

    it("are completed by one at a time, and as often as one asks", async () => {
      const { uploads } = await draft();
      const bytes = randomBytes(partBytes + 5);
      const upload = await uploads.start("a.bin", bytes);
      await uploads.send(upload, bytes);
      const answers = await Promise.all(Array.from({ length: 4 }, () => uploads.complete(upload.id)));
      const heard = answers.map(({ status, json }) => `${status} ${status === 202 ? json.status : json.type}`);
      expect(heard).toContain("202 verifying");
      for (const what of heard) expect(["202 verifying", "423 /problems/upload_busy"]).toContain(what);
      const again = await uploads.complete(upload.id);
      expect([again.status, again.json.status]).toEqual([202, "verifying"]);
      expect(await db.work.count({ where: { subjectId: upload.id } })).toBe(1);
      expect((await verified(uploads, upload.id)).status).toBe("stored");
      expect((await uploads.complete(upload.id)).json.status).toBe("stored");
    });

    it("that were complete at the store when the API died are completed by asking again", async () => {
      const { uploads } = await draft();
      const bytes = randomBytes(partBytes + 5);
      const upload = await uploads.start("a.bin", bytes);
      await uploads.send(upload, bytes);
      const row = await db.upload.findUniqueOrThrow({ where: { id: upload.id } });
      const { parts } = registry.blobs;
      await parts.complete(
        row.key as never,
        row.storeId as never,
        await parts.list(row.key as never, row.storeId as never),
      );
      expect((await uploads.complete(upload.id)).status).toBe(202);
      expect((await verified(uploads, upload.id)).status).toBe("stored");
    });

    it("are sent by the client that docs/api.md shows, and gone on with", async () => {
      const { at, model, uploads } = await draft();
      const { api, folder } = { api: `http://127.0.0.1:${service.port}/v1`, folder: temporaryFolder() };
      const [program, file] = [join(folder, "direct_upload.py"), join(folder, "weights.bin")];
      const [{ text: python } = { text: "" }] = pageBlocks("docs/api.md", "python");
      const bytes = randomBytes(2 * partBytes + 1);
      await writeFile(program, python);
      await writeFile(file, bytes);
      const started = await uploads.start("model/weights.bin", bytes);
      const [part] = partsOf(bytes, started) as [Buffer];
      const [signed] = (await uploads.sign(started.id, [{ number: 1, bytes: part }])) as [SignedPart];
      expect(await sendPart(signed, part)).toBe(200);
      const worker = testWorker(registry, smallImageBuilder());
      const run = promisify(execFile);
      await run(pythonOfTests, [program, api, model, "1.0.0", "model/weights.bin", file, started.id]);
      const { stdout } = await run(pythonOfTests, [program, api, model, "1.0.0", "again.bin", file]);
      await worker.end();
      expect(stdout).toMatch(/^upload [0-9a-f-]{36}\n$/);
      for (const path of ["model/weights.bin", "again.bin"])
        expect((await call("GET", `${at}/files/${path}`)).bytes.equals(bytes)).toBe(true);
      await clean();
    });

    it("answer the same request with the same key by the same upload", async () => {
      const { uploads } = await draft();
      const bytes = Buffer.from("0123456789");
      const headers = { "idempotency-key": randomBytes(8).toString("hex") };
      const twice = async (url: string, json?: unknown) => {
        const request = { headers, ...(json === undefined ? {} : { json }) };
        const [first, second] = [await call("POST", url, request), await call("POST", url, request)];
        expect([second.status, second.json, second.headers["location"]]).toEqual([
          first.status,
          first.json,
          first.headers["location"],
        ]);
        expect(second.headers["idempotent-replayed"]).toBe("true");
        return first;
      };
      const started = await twice(uploads.at, { path: "a.bin", sizeBytes: 10, digest: digestOf(bytes) });
      expect([started.status, started.headers["location"]]).toEqual([201, `${uploads.at}/${started.json.id}`]);
      expect((await call("GET", uploads.at)).json.items).toHaveLength(1);
      await uploads.send(started.json, bytes);
      headers["idempotency-key"] = randomBytes(8).toString("hex");
      const completed = await twice(`${uploads.at}/${started.json.id}/complete`);
      expect([completed.status, completed.json.status]).toEqual([202, "verifying"]);
      expect((await verified(uploads, started.json.id)).status).toBe("stored");
    });

    it("are refused where a file could not be", async () => {
      const { at, model, uploads } = await draft();
      const other = await draft();
      await clean();
      const digest = digestOf("0123456789");
      const start = (more: Record<string, unknown>, url = uploads.at) =>
        call("POST", url, { json: { path: "a.bin", sizeBytes: 10, digest, ...more } });
      await expectRefused(service, 409, () => start({ path: "src" }));
      await expectRefused(service, 422, () => start({ path: "../a" }));
      await expectRefused(service, 400, () => start({ digest: "sha1:0" }));
      await expectRefused(service, 400, () => start({ sizeBytes: 0 }));
      await expectRefused(service, 404, () => start({}, uploads.at.replace("1.0.0", "2.0.0")));
      const upload = await uploads.start("a.bin", randomBytes(partBytes + 1));
      await expectRefused(service, 400, () =>
        call("POST", `${uploads.at}/${upload.id}/parts`, { json: { parts: [{ number: 3, digest }] } }),
      );
      for (const [method, path] of [
        ["GET", ""],
        ["DELETE", ""],
        ["POST", "/complete"],
      ] as const)
        await expectRefused(service, 404, () => call(method, `${other.uploads.at}/${upload.id}${path}`));
      await call("PUT", `/v1/quotas/${model}`, { json: { sizeBytes: 20 * mebibyte } });
      const beyond = await expectRefused(service, 507, () => start({ sizeBytes: 21 * mebibyte }));
      const beside = await expectRefused(service, 507, () => start({ sizeBytes: 5 * mebibyte }));
      expect(beyond.json.detail).not.toContain("in progress");
      expect(beside.json.detail).toContain("uploads in progress");
      expect((await call("POST", `${at}/seal`)).status).toBe(202);
      const sealed = await expectRefused(service, 409, () => start({}));
      expect(sealed.json.type).toBe("/problems/version_sealed");
      for (const [path, json] of [
        ["/parts", { parts: [{ number: 1, digest }] }],
        ["/complete", undefined],
      ] as const) {
        const answer = await expectRefused(service, 409, () =>
          call("POST", `${uploads.at}/${upload.id}${path}`, json === undefined ? {} : { json }),
        );
        expect(answer.json.type).toBe("/problems/version_sealed");
      }
      expect((await call("DELETE", `${uploads.at}/${upload.id}`)).status).toBe(204);
      await clean();
    });

    it("go with their draft", async () => {
      const { at, uploads } = await draft();
      const bytes = randomBytes(1_000);
      const whole = await uploads.upload("whole.bin", bytes);
      const open = await uploads.start("open.bin", bytes);
      await uploads.send(open, bytes);
      expect((await call("DELETE", at)).status).toBe(204);
      expect((await call("GET", `${uploads.at}/${whole.id}`)).status).toBe(404);
      const states = await db.upload.findMany({ where: { id: { in: [whole.id, open.id] } }, select: { state: true } });
      expect(states).toEqual([{ state: "cancelled" }, { state: "cancelled" }]);
      const worker = testWorker(registry, smallImageBuilder());
      await waitUntil("the work ends", async () => (await db.work.count({ where: { state: { not: "done" } } })) === 0);
      await worker.end();
      expect(await db.blob.count({ where: { digest: digestOf(bytes) } })).toBe(0);
      await clean();
    });
  });

it("artifacts in a folder are not reached by clients: the answer names the other ways", async () => {
  const service = await testService({ SLIPWAY_S3_BUCKET: "" });
  await draftOf(service, "m", "1.0.0");
  const json = { path: "a.bin", sizeBytes: 10, digest: digestOf("0123456789") };
  const { json: problem } = await expectRefused(service, 422, () =>
    service.call("POST", "/v1/models/m/versions/1.0.0/uploads", { json }),
  );
  expect(problem.type).toBe("/problems/direct_unavailable");
  expect(problem.detail).toMatch(/PUT .*files.*resumable/);
});
