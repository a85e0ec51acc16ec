import { describe, expect, it } from "vitest";
import { patiently } from "#test/patiently.ts";
import { predictorPackage, ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { type Answer, draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService();
const { call, registry } = service;
const { db } = registry;

const clients = 50;

function atOnce(ask: (client: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(Array.from({ length: clients }, (_, client) => patiently(() => ask(client))));
}

/** How many answers had each status. */
function counted(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe("fifty clients at once", () => {
  it("making the same model: one does", async () => {
    const answers = await atOnce(() => call("POST", "/v1/models", { json: { name: "same" } }));
    expect(counted(answers)).toEqual({ 201: 1, 409: clients - 1 });
    expect(await db.auditEntry.count({ where: { action: "model.create", object: "same" } })).toBe(1);
  });

  it("making the same version: one does, and no number is lost", async () => {
    await call("POST", "/v1/models", { json: { name: "race" } });
    const make = (version: string) => call("POST", "/v1/models/race/versions", { json: { version } });
    expect(counted(await atOnce(() => make("1.0.0")))).toEqual({ 201: 1, 409: clients - 1 });
    expect((await make("1.0.1")).json.number).toBe(2);
  });

  it("making versions of one model: each has a number of its own, none is left out", async () => {
    await call("POST", "/v1/models", { json: { name: "numbers" } });
    const answers = await atOnce((client) =>
      call("POST", "/v1/models/numbers/versions", { json: { version: `1.0.${client}` } }),
    );
    const numbers = answers.map(({ json }) => json.number as number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: clients }, (_, index) => index + 1));
  });

  it("sending the same bytes: all are taken, and stored once", async () => {
    await draftOf(service, "bytes", "1.0.0");
    const bytes = Buffer.alloc(300_000, "the same");
    const answers = await atOnce((client) =>
      call("PUT", `/v1/models/bytes/versions/1.0.0/files/${client % 2 === 0 ? "one" : `own-${client}`}`, { bytes }),
    );
    expect(counted(answers)).toEqual({ 200: clients / 2 - 1, 201: clients / 2 + 1 });
    expect(new Set(answers.map(({ json }) => json.digest)).size).toBe(1);
    expect(await db.blob.count({ where: { digest: answers[0]?.json.digest } })).toBe(1);
    // What is stored twice goes after the answers, which so say nothing of it.
    const blobs = await db.blob.count();
    await waitUntil("each is stored once", async () => (await storedObjects(registry)).length === blobs);
  });

  it("sending other bytes to one path: the last one is there whole", async () => {
    await draftOf(service, "paths", "1.0.0");
    const url = "/v1/models/paths/versions/1.0.0/files/weights";
    const answers = await atOnce((client) => call("PUT", url, { bytes: `client ${client} `.repeat(10_000) }));
    expect(counted(answers)).toEqual({ 200: clients - 1, 201: 1 });
    const read = await call("GET", url);
    const [client] = /client \d+ /.exec(read.bytes.toString()) ?? [];
    expect(read.bytes.toString()).toBe(client?.repeat(10_000));
    const puts = { action: "file.put", object: "paths:1.0.0/weights" };
    expect(await db.auditEntry.count({ where: puts })).toBe(clients);
  });

  it("sealing the same draft: one does, and one build is made", async () => {
    await draftOf(service, "draft", "1.0.0", predictorPackage);
    const answers = await atOnce(() => call("POST", "/v1/models/draft/versions/1.0.0/seal"));
    expect(counted(answers)).toEqual({ 202: 1, 409: clients - 1 });
    expect(await db.build.count({ where: { version: { model: { name: "draft" } } } })).toBe(1);
    expect(await db.auditEntry.count({ where: { action: "version.seal", object: "draft:1.0.0" } })).toBe(1);
  });

  it("moving the same tag: one winner a revision with If-Match, a line without", async () => {
    testWorker(registry, smallImageBuilder());
    const versions = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"];
    await Promise.all(versions.map((version) => ready(service, "moved", version)));
    const url = "/v1/models/moved/tags/prod";
    const move = (client: number, headers: Record<string, string>) =>
      call("PUT", url, { headers, json: { version: versions[client % versions.length], reason: `client ${client}` } });

    expect(counted(await atOnce((client) => move(client, { "if-none-match": "*" })))).toEqual({ 201: 1, 412: 49 });
    for (let round = 0; round < 5; round += 1) {
      const { headers, json } = await call("GET", url);
      const others = versions.filter((version) => version !== json.version);
      const answers = await atOnce((client) =>
        call("PUT", url, {
          headers: { "if-match": String(headers["etag"]) },
          json: { version: others[client % others.length] },
        }),
      );
      expect(counted(answers)).toEqual({ 200: 1, 412: clients - 1 });
    }
    const free = await atOnce((client) => move(client, {}));
    expect(counted(free)).toEqual({ 200: clients });

    const history = (await call("GET", `${url}/history?limit=100`)).json.items.toReversed();
    expect(history.map(({ revision }: { revision: number }) => revision)).toEqual(
      history.map((_: unknown, index: number) => index + 1),
    );
    for (const [index, { from, to }] of history.entries()) {
      expect(from).toBe(index === 0 ? null : history[index - 1].to);
      expect(to).not.toBe(from);
    }
    expect((await call("GET", url)).json).toMatchObject({ version: history.at(-1).to, revision: history.length });
    expect(await db.auditEntry.count({ where: { action: "tag.move", object: "moved:prod" } })).toBe(history.length);
  });
});
