import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { waitUntil } from "#test/wait-until.ts";
import { ciClient } from "./ci-client.ts";
import { exchange } from "./exchange.ts";
import { killableInstance } from "./instance.ts";
import { openJournal } from "./journal.ts";
import { packageWithNewRuntime, smallPackage } from "./packages.ts";
import { seededRandom } from "./random.ts";
import { killSettings } from "./settings.ts";
import { reasonAgainstMounting, smallDisk } from "./small-disk.ts";
import { verifyInstance } from "./verify-instance.ts";
import { warmInstance, warmModel } from "./warm-instance.ts";

const { seed } = killSettings(process.env);
const reason = reasonAgainstMounting();
const kilobyte = 1024;
const megabyte = 1024 * kilobyte;

describe.skipIf(reason !== null)(`a disk that is full${reason === null ? "" : ` (not tried: ${reason})`}`, async () => {
  if (reason !== null) return;
  const disks = {
    artifacts: smallDisk(600),
    scratch: smallDisk(600),
    registry: smallDisk(600),
    postgres: smallDisk(400),
  };
  const instance = await killableInstance({
    warm: await warmInstance(),
    apis: 1,
    workers: 1,
    settings: { SLIPWAY_LEAST_FREE_BYTES: "0" }, // to the last byte
    folders: {
      artifacts: disks.artifacts.folder,
      scratch: disks.scratch.folder,
      registry: disks.registry.folder,
      postgres: disks.postgres.folder,
    },
  });
  const journal = openJournal();
  const random = seededRandom(seed);
  const port = instance.apis[0]?.port ?? 0;
  const client = ciClient({ ports: [port], journal, random, onSending: () => {} });
  const call = (method: string, path: string, body?: Buffer, headers?: Record<string, string>) =>
    exchange({ port, method, path, body, ...(headers === undefined ? {} : { headers }) });
  const post = (path: string, json: unknown) =>
    call("POST", path, Buffer.from(JSON.stringify(json)), { "content-type": "application/json" });
  const stored = () => readdirSync(instance.artifactsDir, { recursive: true }).map(String).sort();

  it("of artifacts: an upload is refused with a sentence and nothing of it is kept, the rest goes on", async () => {
    await post("/v1/models", { name: "large" });
    await post("/v1/models/large/versions", { version: "1.0.0" });
    disks.artifacts.fill(2 * megabyte);
    const before = stored();
    const put = () => call("PUT", "/v1/models/large/versions/1.0.0/files/weights.bin", random.bytes(8 * megabyte));
    const refused = await put();
    expect([refused.status, refused.json.type]).toEqual([507, "/problems/store_full"]);
    expect(refused.json.detail).toBe(
      "the artifact store has no space left; nothing was kept, send it again when there is",
    );
    expect(stored().filter((path) => !before.includes(path) && /[0-9a-f]{32}/.test(path))).toEqual([]);
    expect((await call("GET", `/v1/models/${warmModel}/versions/1.0.0/files/src/predictor.py`)).status).toBe(200);
    expect((await call("PUT", "/v1/models/large/versions/1.0.0/files/small.bin", random.bytes(kilobyte))).status).toBe(
      201,
    );
    disks.artifacts.empty();
    expect((await put()).status).toBe(201);
  });

  it("of the scratch folder: a build waits and says for what, and ends when there is space", async () => {
    disks.scratch.fill(200 * kilobyte);
    await client.release({ model: "scratch", version: "1.0.0", files: packageWithNewRuntime(random), way: "files" });
    const waiting = await waitsFor("scratch");
    expect(waiting.for).toMatch(/[Nn]o space left on device|ENOSPC/);
    disks.scratch.empty();
    expect(await client.ended("scratch", "1.0.0")).toBe("ready");
    await expect.poll(() => readdirSync(disks.scratch.folder)).toEqual([]);
  });

  it("of the registry: a build waits, and ends when there is space", async () => {
    disks.registry.fill(200 * kilobyte);
    const files = { ...smallPackage(random), "model/weights.bin": random.bytes(9 * megabyte) };
    await client.release({ model: "registry", version: "1.0.0", files, way: "files" });
    expect((await waitsFor("registry")).for).toMatch(/^registry 127\.0\.0\.1:\d+ refused to|did not answer/);
    disks.registry.empty();
    expect(await client.ended("registry", "1.0.0")).toBe("ready");
  });

  it("of Postgres: changes are refused with 503, and are made when there is space", async () => {
    disks.postgres.fill(0);
    const description = random.bytes(6_000).toString("hex");
    let refused = 0;
    const made: string[] = [];
    for (let index = 0; index < 300 && refused < 3; index += 1) {
      const name = `full-${index}`;
      const answer = await post("/v1/models", { name, description }).catch(() => null);
      expect([201, 503, undefined]).toContain(answer?.status);
      if (answer?.status === 201) made.push(name);
      else refused += 1;
    }
    expect(refused).toBe(3);
    disks.postgres.empty();
    await waitUntil(
      "a model is made",
      async () => {
        // It may have stopped, or stop yet: a log that cannot be written ends it.
        await instance.postgres.start();
        const made = await post("/v1/models", { name: "roomy" }).catch(() => null);
        return made?.status === 201 || made?.status === 409; // made by one whose answer was lost
      },
      { withinMs: 120_000, everyMs: 500 },
    );
    for (const name of made) journal.models.add(name);
    await verifyInstance(instance, journal);
  });

  async function waitsFor(model: string): Promise<{ for: string }> {
    return waitUntil(
      `${model} waits`,
      async () => {
        const { json } = await client.get(`/v1/models/${model}/versions/1.0.0`);
        const build = await client.get(`/v1/builds/${json.build.id}`);
        return build.json.waiting;
      },
      { withinMs: 120_000 },
    );
  }
});
