import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import type { S3Config } from "#core/config.ts";
import { partsOf, type SignedPart, sendPart } from "#test/direct-upload.ts";
import { findingsOf } from "#test/verified.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { type Answer, exchange } from "./exchange.ts";
import { killableInstance } from "./instance.ts";
import { type Random, seededRandom } from "./random.ts";

const clients = 8;
const mebibyte = 1024 ** 2;
/** Longer than any upload takes, kills and all. */
const uploadSeconds = 60;
const at = "/v1/models/uploads/versions/1.0.0";
const tus = { "tus-resumable": "1.0.0" };

/** In one request, by tus, straight to S3. */
type Way = "put" | "resume" | "direct";

/** What a round is made of. */
interface Round {
  seed: number;
  uploads: number;
  ways: readonly Way[];
  s3: S3Config | null;
  settings: Record<string, string>;
}

/** Uploads, each by one of the ways, while the APIs are killed and started again; then what was acknowledged has to be
 *  there, and all else gone after the grace time. */
export async function killUnderUploads({ seed, uploads, ways, s3, settings }: Round): Promise<void> {
  const random = seededRandom(seed);
  const instance = await killableInstance({
    warm: null,
    workers: 1,
    settings: {
      ...settings,
      SLIPWAY_GARBAGE_HOURS: "0.0005",
      SLIPWAY_GARBAGE_GRACE_HOURS: "0.005",
    },
  });
  const { apis, db } = instance;
  const send = (request: Omit<Parameters<typeof exchange>[0], "port">, of: Random): Promise<Answer | null> =>
    exchange({ ...request, port: of.pick(apis).port }).catch(() => null);
  const json = { "content-type": "application/json" };
  for (const [path, body] of [
    ["/v1/models", { name: "uploads" }],
    ["/v1/models/uploads/versions", { version: "1.0.0" }],
  ] as const)
    await send({ method: "POST", path, headers: json, body: Buffer.from(JSON.stringify(body)) }, random);

  const acknowledged = new Map<string, Digest>();
  const heard = new Map<string, number>();
  const note = (what: string) => heard.set(what, (heard.get(what) ?? 0) + 1);

  /** Sent once: without an answer nobody knows. */
  const put = async (path: string, bytes: Buffer, of: Random): Promise<boolean> => {
    const headers = { "content-type": "application/octet-stream" };
    const answer = await send({ method: "PUT", path: `${at}/files/${path}`, headers, body: bytes }, of);
    note(`PUT ${answer?.status ?? "cut"}`);
    return answer?.status === 201;
  };

  /** Gone on with until it is there, from wherever the API says that it stands. */
  const resume = async (path: string, bytes: Buffer, of: Random): Promise<boolean> => {
    const metadata = `path ${Buffer.from(path).toString("base64")}`;
    const headers = { ...tus, "upload-length": String(bytes.length), "upload-metadata": metadata };
    const made = await send({ method: "POST", path: `${at}/resumable`, headers }, of);
    note(`POST ${made?.status ?? "cut"}`);
    const url = made?.headers.location;
    if (url === undefined) return false;
    for (const end = Date.now() + (uploadSeconds - 10) * 1_000; Date.now() < end; await sleep(of.below(500))) {
      const stands = await send({ method: "HEAD", path: url, headers: tus }, of);
      if (stands?.status !== 200) continue;
      const offset = Number(stands.headers["upload-offset"]);
      if (offset === bytes.length) return true;
      const type = { ...tus, "content-type": "application/offset+octet-stream", "upload-offset": String(offset) };
      const answer = await send({ method: "PATCH", path: url, headers: type, body: bytes.subarray(offset) }, of);
      note(`PATCH ${answer?.status ?? "cut"}`);
      if (answer?.status === 204) return true;
    }
    note("given up");
    return false;
  };

  /** Parts to the store, past the API; all that is asked of the API is asked again. */
  const direct = async (path: string, bytes: Buffer, of: Random): Promise<boolean> => {
    const post = (url: string, body?: object) =>
      send({ method: "POST", path: url, headers: json, body: Buffer.from(JSON.stringify(body ?? {})) }, of);
    const digest = digestOf(bytes);
    const made = await post(`${at}/uploads`, { path, sizeBytes: bytes.length, digest });
    note(`POST direct ${made?.status ?? "cut"}`);
    if (made?.status !== 201) return false;
    const url = `${at}/uploads/${made.json.id}`;
    const parts = partsOf(bytes, made.json);
    const named = parts.map((part, index) => ({ number: index + 1, digest: digestOf(part) }));
    let sent = false;
    for (const end = Date.now() + (uploadSeconds - 10) * 1_000; Date.now() < end; await sleep(of.below(500))) {
      if (!sent) {
        const signed = await post(`${url}/parts`, { parts: named });
        if (signed?.status !== 200) continue;
        const statuses = await Promise.all(
          signed.json.parts.map((part: SignedPart) => sendPart(part, parts[part.number - 1] ?? Buffer.alloc(0))),
        );
        expect(new Set(statuses)).toEqual(new Set([200]));
        sent = true;
      }
      const completed = await post(`${url}/complete`);
      note(`POST complete ${completed?.status ?? "cut"}`);
      if (completed?.status === 202) return true;
    }
    note("given up");
    return false;
  };

  const byWay = { put, resume, direct };
  let next = 0;
  let running = true;
  const client = async () => {
    const of = random.child();
    while (next < uploads) {
      const number = next++;
      const path = `${number}.bin`;
      // Some have the same bytes, and some reach over parts.
      const bytes = of.bytes(of.below(4) === 0 ? 1_000 : of.below(20 * mebibyte));
      const isThere = await byWay[ways[number % ways.length] as Way](path, bytes, of);
      if (isThere) acknowledged.set(path, digestOf(bytes));
    }
  };
  const kills = async () => {
    while (running) {
      await sleep(random.below(1_500));
      const victim = random.pick(apis).process;
      await victim.kill();
      await sleep(random.below(300));
      await victim.start();
    }
  };
  const killing = kills();
  await Promise.all(Array.from({ length: clients }, client));
  running = false;
  await killing;
  await instance.startAll();

  const answers = [...heard].map(([what, count]) => `${what}: ${count}`);
  console.log(`${acknowledged.size} of ${uploads} acknowledged; ${answers.join(", ")}`);
  expect([...heard.keys()].filter((what) => /5\d\d$/.test(what) && !what.endsWith("503"))).toEqual([]);
  expect(heard.get("PUT cut"), "some were hit").toBeGreaterThan(0);
  expect(acknowledged.size).toBeGreaterThan(uploads / 3);
  const read = (path: string) => exchange({ port: apis[0]?.port ?? 0, method: "GET", path: `${at}/files/${path}` });
  for (const [path, digest] of acknowledged) {
    const file = await waitUntil(
      `${path} is verified`,
      async () => {
        const answer = await read(path);
        // Verifying; or a Postgres that has not had the time.
        return answer.status === 409 || answer.status === 503 ? null : answer;
      },
      { withinMs: 60_000 },
    );
    expect([path, file.status, digestOf(file.bytes)]).toEqual([path, 200, digest]);
  }
  // A week is over.
  await db.upload.updateMany({ where: { state: "open" }, data: { expiresAt: new Date() } });
  const blobs = openBlobStore({ dir: instance.artifactsDir, s3, leastFreeBytes: 0 });
  whenDone(() => blobs.close());
  await waitUntil(
    "all else is gone",
    async () => {
      const open = await db.upload.count({ where: { state: { in: ["open", "verifying"] } } });
      const parts: unknown[] = [];
      for await (const page of blobs.parts.unfinished()) parts.push(...page);
      return open === 0 && parts.length === 0 && (await findingsOf({ db, blobs })).length === 0;
    },
    { withinMs: 120_000, everyMs: 1_000 },
  );
}
