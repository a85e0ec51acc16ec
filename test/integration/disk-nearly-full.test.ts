import { randomBytes } from "node:crypto";
import http from "node:http";
import { describe, expect, it } from "vitest";
import { expectRefused } from "#test/aftermath.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { tarOf } from "#test/tar-of.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { reasonAgainstMounting, smallDisk } from "../kill/small-disk.ts";

const reason = reasonAgainstMounting();
const megabyte = 1024 ** 2;
const at = "/v1/models/tight/versions/1.0.0";

it.skipIf(reason !== null)(
  "a disk that is full to its last byte is 507, and nothing of the upload is kept",
  async () => {
    const disk = smallDisk(16);
    const full = await testService({ SLIPWAY_ARTIFACTS_DIR: disk.folder, SLIPWAY_LEAST_FREE_BYTES: "0" });
    await draftOf(full, "full", "1.0.0", { "kept.bin": randomBytes(megabyte) });
    disk.fill(2 * megabyte);
    const { json } = await expectRefused(full, 507, () =>
      full.call("PUT", "/v1/models/full/versions/1.0.0/files/large.bin", { bytes: randomBytes(4 * megabyte) }),
    );
    expect(json).toMatchObject({ type: "/problems/store_full", detail: expect.stringContaining("no space left") });
    const begun = {
      headers: { "tus-resumable": "1.0.0", "upload-length": "4000000", "upload-metadata": "path YS5iaW4=" },
    };
    const { location } = (await full.call("POST", "/v1/models/full/versions/1.0.0/resumable", begun)).headers;
    const headers = {
      "tus-resumable": "1.0.0",
      "upload-offset": "0",
      "content-type": "application/offset+octet-stream",
    };
    const sent = await full.call("PATCH", String(location), { bytes: randomBytes(4_000_000), headers });
    expect([sent.status, sent.json.type]).toEqual([507, "/problems/store_full"]);
    disk.empty();
    const again = await full.call("PATCH", String(location), { bytes: randomBytes(4_000_000), headers });
    expect(again.status).toBe(204);
  },
);

describe.skipIf(reason !== null)(
  `a disk that is nearly full${reason === null ? "" : ` (not tried: ${reason})`}`,
  async () => {
    if (reason !== null) return;
    const disk = smallDisk(64);
    const tight = await testService({
      SLIPWAY_ARTIFACTS_DIR: disk.folder,
      SLIPWAY_LEAST_FREE_BYTES: String(16 * megabyte),
    });
    const space = async () =>
      (await tight.call("GET", "/readyz")).json.parts.find(({ name }: { name: string }) => name === "space");
    const send = (path: string, bytes: Buffer) => tight.call("PUT", `${at}/files/${path}`, { bytes });

    it("refuses what would leave less than is kept free, before it is sent, and takes what fits", async () => {
      await draftOf(tight, "tight", "1.0.0", { "kept.bin": randomBytes(megabyte) });
      const { json } = await expectRefused(tight, 507, () => send("large.bin", Buffer.alloc(50 * megabyte)));
      expect(json.type).toBe("/problems/store_full");
      expect(json.detail).toContain(`${16 * megabyte} of them are kept free`);
      expect((await send("small.bin", randomBytes(megabyte))).status).toBe(201);
      const bytes = await tarOf({ "large.bin": Buffer.alloc(50 * megabyte) });
      const headers = { "content-type": "application/x-tar" };
      await expectRefused(tight, 507, () =>
        tight.call("POST", "/v1/models/tight/versions?version=2.0.0", { bytes, headers }),
      );
      expect(await space()).toMatchObject({ status: "ok" });
    });

    it("ends what did not say how long it is, while something is still kept free", async () => {
      const before = await storedObjects(tight.registry);
      // As slow as a network: the disk is looked at a few times a second.
      const status = await new Promise<number | null>((resolve) => {
        const request = http.request(
          { host: "127.0.0.1", port: tight.port, method: "PUT", path: `${at}/files/endless.bin` },
          (response) => resolve(response.statusCode ?? null),
        );
        request.on("error", () => resolve(null));
        const chunk = Buffer.alloc(megabyte);
        const flow = setInterval(() => request.writableNeedDrain || request.write(chunk), 20);
        request.once("close", () => clearInterval(flow));
        request.once("response", () => clearInterval(flow));
      });
      expect(status).toBe(507);
      await expect.poll(() => storedObjects(tight.registry)).toEqual(before);
    });

    it("says so in /readyz, reads on, and takes uploads again when there is room", async () => {
      disk.fill(10 * megabyte);
      await expectRefused(tight, 507, () => send("tiny.bin", Buffer.from("x")));
      await expect.poll(space).toMatchObject({ status: "down", message: expect.stringContaining("refused") });
      const readiness = await tight.call("GET", "/readyz");
      expect([readiness.status, readiness.json.status]).toEqual([200, "degraded"]);
      expect((await tight.call("GET", `${at}/files/kept.bin`)).bytes).toHaveLength(megabyte);
      disk.empty();
      expect((await send("tiny.bin", Buffer.from("x"))).status).toBe(201);
      await expect.poll(space).toMatchObject({ status: "ok" });
    });
  },
);
