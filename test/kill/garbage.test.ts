import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { predictorPackage } from "#test/sealed.ts";
import { findingsOf } from "#test/verified.ts";
import { waitUntil } from "#test/wait-until.ts";
import { type Answer, exchange } from "./exchange.ts";
import { killableInstance } from "./instance.ts";
import { seededRandom } from "./random.ts";
import { killSettings } from "./settings.ts";
import { warmInstance } from "./warm-instance.ts";

const { seed } = killSettings(process.env);
const loadMs = 60_000;
const clients = 6;

it(`collects for a minute under uploads, seals, deletions and kills (seed ${seed}): nothing acknowledged goes, and all else does`, async () => {
  const random = seededRandom(seed);
  const instance = await killableInstance({
    warm: await warmInstance(),
    settings: {
      SLIPWAY_GARBAGE_HOURS: "0.0002",
      SLIPWAY_GARBAGE_GRACE_HOURS: "0.0006",
      SLIPWAY_DELETABLE_MODELS: "*",
    },
  });
  const { apis, workers, db } = instance;
  const acknowledged = new Map<string, string>();
  const seen = new Map<string, number>();
  /** Null where no answer came: it may have been done. */
  const send = async (method: string, path: string, body?: string): Promise<Answer | null> => {
    const port = apis[random.below(apis.length)]?.port ?? 0;
    const headers = { "content-type": method === "PUT" ? "application/octet-stream" : "application/json" };
    const answer = await exchange({
      port,
      method,
      path,
      ...(body === undefined ? {} : { headers, body: Buffer.from(body) }),
    }).catch(() => null);
    const heard = `${method} ${answer?.status ?? "cut"}`;
    seen.set(heard, (seen.get(heard) ?? 0) + 1);
    return answer;
  };
  await send("POST", "/v1/models", JSON.stringify({ name: "shared" }));

  const ending = Date.now() + loadMs;
  let made = 0;
  /** Few contents, so that the same bytes are let go and brought back all the time. */
  const content = () => `content ${random.below(6)}`;
  const client = async () => {
    // Longer on a machine that has not kept enough by then.
    while (Date.now() < ending || acknowledged.size <= 50) {
      const path = `/v1/models/shared/versions/1.0.${made++}`;
      await send("POST", "/v1/models/shared/versions", JSON.stringify({ version: path.split("/").at(-1) }));
      for (const [file, text] of [
        ["own.bin", path],
        ["a.bin", content()],
        ["b.bin", content()],
        ...Object.entries(predictorPackage),
      ] as [string, string][])
        if ((await send("PUT", `${path}/files/${file}`, text))?.status === 201)
          acknowledged.set(`${path}/files/${file}`, text);
      const then = random.below(10);
      if (then === 0) await send("POST", `${path}/seal`);
      else if (then < 8) {
        for (const file of [...acknowledged.keys()]) if (file.startsWith(`${path}/`)) acknowledged.delete(file);
        await send("DELETE", path);
      }
    }
  };
  const kills = async () => {
    const mortals = [...apis, ...workers].map(({ process }) => process);
    while (Date.now() < ending) {
      await sleep(random.below(3_000));
      const victim = mortals[random.below(mortals.length)];
      await victim?.kill();
      await sleep(random.below(500));
      await victim?.start();
    }
  };
  await Promise.all([kills(), ...Array.from({ length: clients }, client)]);
  await instance.startAll();

  expect([...seen.keys()].filter((heard) => /5\d\d$/.test(heard) && !heard.endsWith("503"))).toEqual([]);
  expect(acknowledged.size).toBeGreaterThan(50);
  for (const [path, text] of acknowledged) {
    const { status, bytes } = await exchange({ port: apis[0]?.port ?? 0, method: "GET", path });
    expect([path, status, bytes.toString()]).toEqual([path, 200, text]);
  }
  const blobs = fileBlobStore(instance.artifactsDir);
  const isGone = async () => {
    const unreferenced = await db.$queryRaw<unknown[]>`
      SELECT digest FROM blobs EXCEPT SELECT blob_digest FROM version_files
      EXCEPT SELECT layer ->> 'digest' FROM wheel_layers WHERE layer IS NOT NULL
      EXCEPT SELECT layer ->> 'digest' FROM runtimes, jsonb_array_elements(layers) layer
      EXCEPT SELECT layer ->> 'digest' FROM bases, jsonb_array_elements(record -> 'layers') layer`;
    return unreferenced.length === 0 && (await findingsOf({ db, blobs })).length === 0;
  };
  await waitUntil("all that nothing refers to is gone", isGone, { withinMs: 120_000 });
  console.log(`${made} versions; ${[...seen].map(([heard, count]) => `${heard}: ${count}`).join(", ")}`);
}, 300_000);
