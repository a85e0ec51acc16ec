import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { newId } from "#core/database/ids.ts";
import { guardedService } from "#test/access.ts";
import { chanceOfLarger, spreadByChance } from "#test/rank-test.ts";
import { sealed } from "#test/sealed.ts";
import { draftOf } from "#test/test-service.ts";

const service = await guardedService();
const ana = await service.identity("ana", [{ role: "administrator", pattern: "a.*" }]);
const ben = await service.identity("ben", [{ role: "administrator", pattern: "b.*" }]);
const { buildId } = await sealed({ ...service, call: ana.call }, "a.churn", "1.0.0");

const samples = 400;
/** Chance alone moves it by 0.02 as a standard deviation, and so past this in one run of a million. A millisecond more on
 *  one of the paths moves it by 0.4 and more, and that of an upload by 0.25 where the disk is quiet. */
const byChance = 0.1;
/** A build that is there is found by way of its version and model, 20 µs in 500. Its id has 74 bits of chance (RFC 9562
 *  §5.7): nobody asks for one that he has not been told. */
const byLookups = 0.25;

/** Asks for two kinds of things in an order that nobody can foresee, and sees that no kind is slower. */
async function expectSameTime(what: string, kinds: readonly [Ask, Ask], mostMoved = byChance): Promise<void> {
  const order = kinds
    .flatMap((ask, kind) => Array.from({ length: samples }, (_, index) => ({ ask, kind, index, by: Math.random() })))
    .sort((a, b) => a.by - b.by);
  for (const ask of kinds) for (let warm = 0; warm < 20; warm += 1) await ask(samples + warm);
  const times: [number[], number[]] = [[], []];
  for (const { ask, kind, index } of order) {
    const startedAt = performance.now();
    await ask(index);
    times[kind]?.push(performance.now() - startedAt);
  }
  const chance = chanceOfLarger(...times);
  const oneMsMore = chanceOfLarger(
    times[0].map((ms) => ms + 1),
    times[1],
  );
  const medians = times.map((kind) => `${median(kind).toFixed(3)} ms`).join(" and ");
  console.log(
    `${what}: ${medians}; the first is the slower in ${percent(chance)} of pairs ` +
      `(chance alone: 50 ± ${(100 * spreadByChance(samples, samples)).toFixed(1)} %), with 1 ms more in ${percent(oneMsMore)}`,
  );
  expect(Math.abs(chance - 0.5)).toBeLessThan(mostMoved);
}

type Ask = (index: number) => Promise<void>;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function get(path: string): Ask {
  return async () => expect((await ben.call("GET", path)).status).toBe(404);
}

it("the time of an answer does not tell whether a model is there", async () => {
  await expectSameTime("a model that is there, and one that is not", [
    get("/v1/models/a.churn"),
    get("/v1/models/a.chorn"),
  ]);
});

it("the time of an answer does not tell whether a file of an unseen model is there", async () => {
  await expectSameTime("a file that is there, and one that is not", [
    get("/v1/models/a.churn/versions/1.0.0/files/notes.txt"),
    get("/v1/models/a.chorn/versions/1.0.0/files/notes.txt"),
  ]);
});

it("the time of an answer does not tell whether a build is there", async () => {
  const random = Array.from({ length: samples + 20 }, () => newId());
  await expectSameTime(
    "a build that is there, and one that is not",
    [
      get(`/v1/builds/${buildId}`),
      async (index) => expect((await ben.call("GET", `/v1/builds/${random[index]}`)).status).toBe(404),
    ],
    byLookups,
  );
});

it("the time of an upload does not tell whether somebody has the same bytes", async () => {
  const bytes = () => Array.from({ length: samples + 20 }, () => randomBytes(64 * 1024));
  const [known, unknown] = [bytes(), bytes()];
  await draftOf({ ...service, call: ana.call }, "a.bytes", "1.0.0");
  await draftOf({ ...service, call: ben.call }, "b.bytes", "1.0.0");
  const put = async (who: typeof ana, model: string, path: string, content: Buffer | undefined) => {
    const { status } = await who.call("PUT", `/v1/models/${model}/versions/1.0.0/files/${path}`, {
      bytes: content ?? "",
    });
    expect(status).toBe(201);
  };
  for (const [index, content] of known.entries()) await put(ana, "a.bytes", `${index}.bin`, content);
  await expectSameTime("bytes that are known, and bytes that are not", [
    (index) => put(ben, "b.bytes", `known/${index}.bin`, known[index]),
    (index) => put(ben, "b.bytes", `other/${index}.bin`, unknown[index]),
  ]);
}, 120_000);

it("the time of registering a digest does not tell whether somebody has such bytes", async () => {
  await draftOf({ ...service, call: ana.call }, "a.digests", "1.0.0");
  await draftOf({ ...service, call: ben.call }, "b.digests", "1.0.0");
  const known = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const bytes = randomBytes(1_000);
      await ana.call("PUT", `/v1/models/a.digests/versions/1.0.0/files/${index}.bin`, { bytes });
      return digestOf(bytes);
    }),
  );
  const ask =
    (digest: (index: number) => Digest): Ask =>
    async (index) => {
      const { status, json } = await ben.call("POST", "/v1/models/b.digests/versions/1.0.0/files", {
        json: { files: [{ path: "a.bin", digest: digest(index) }] },
      });
      expect([status, json.stored]).toEqual([200, []]);
    };
  await expectSameTime("digests of bytes that others have, and of none", [
    ask((index) => known[index % known.length] ?? digestOf("")),
    ask((index) => digestOf(`nobody has this: ${index}`)),
  ]);
}, 120_000);
