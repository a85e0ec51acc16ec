import { describe, expect, inject, it } from "vitest";
import type { Database } from "#core/database/client.ts";
import { fromThe, postgresProxy } from "#test/postgres-proxy.ts";
import { predictorPackage, ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { tarOf } from "#test/tar-of.ts";
import { testDatabase } from "#test/test-database.ts";
import { type Answer, draftOf, type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { findingsOf, isDamage } from "#test/verified.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { verifyRecord } from "../kill/verify-record.ts";

/** More messages than any change sends. */
const mostMessages = 60;

/** Every second message, those of even or those of odd number: another run takes the others. */
const step = 2;
const firstMessage = 1 + (Math.floor(Date.now() / 1_000) % step);
console.log(`cut are the messages ${firstMessage}, ${firstMessage + step}, …`);

type Send = (headers?: Record<string, string>) => Promise<Answer>;

interface Change {
  /** Makes what is needed, then the change that may be made twice. */
  prepare(service: TestService, name: string): Promise<Send>;
  /** What a client is told when it makes the change again after it was cut off: it is made now, or it was then. */
  again: readonly number[];
}

const jsonPost =
  (service: TestService, path: string, json: unknown): Send =>
  (headers = {}) =>
    service.call("POST", path, { json, headers });

const changes: Record<string, Change> = {
  "making a model": {
    prepare: async (service, name) => jsonPost(service, "/v1/models", { name }),
    again: [201, 409],
  },
  "making a draft": {
    async prepare(service, name) {
      await service.call("POST", "/v1/models", { json: { name } });
      return jsonPost(service, `/v1/models/${name}/versions`, { version: "1.0.0" });
    },
    again: [201, 409],
  },
  "putting a file": {
    async prepare(service, name) {
      await draftOf(service, name, "1.0.0");
      return () => service.call("PUT", `/v1/models/${name}/versions/1.0.0/files/a.bin`, { bytes: name });
    },
    again: [200, 201],
  },
  "sealing a version": {
    async prepare(service, name) {
      await draftOf(service, name, "1.0.0", predictorPackage);
      return (headers = {}) => service.call("POST", `/v1/models/${name}/versions/1.0.0/seal`, { headers });
    },
    again: [202, 409],
  },
  "uploading an archive": {
    async prepare(service, name) {
      await service.call("POST", "/v1/models", { json: { name } });
      const files = Object.entries(predictorPackage).map(([path, text]) => [path, Buffer.from(text)] as const);
      const bytes = await tarOf({ ...Object.fromEntries(files), "name.txt": Buffer.from(name) });
      return (headers = {}) =>
        service.call("POST", `/v1/models/${name}/versions?version=1.0.0`, {
          bytes,
          headers: { ...headers, "content-type": "application/x-tar" },
        });
    },
    again: [202, 409],
  },
  "moving a tag": {
    async prepare(service, name) {
      await ready(service, name, "1.0.0");
      return () => service.call("PUT", `/v1/models/${name}/tags/prod`, { json: { version: "1.0.0" } });
    },
    again: [200, 201],
  },
};

const moments = [
  ["before Postgres has it", "before"],
  ["before its answer is heard", "after"],
  ["once it is answered", "answered"],
] as const;

/** A service whose every message to Postgres can be cut, and its database reached past that. */
async function cuttableService() {
  const { db, url } = await testDatabase();
  const proxy = await postgresProxy(Number(new URL(inject("parts").postgresUrl).port));
  whenDone(() => proxy.close());
  const proxied = Object.assign(new URL(url), { port: String(proxy.port) }).href;
  return { db, proxy, service: await testService({ DATABASE_URL: proxied, SLIPWAY_DATABASE_POOL: "4" }) };
}

/** Where a new connection failed none is tried for half a second. */
function oncePostgresAnswers(send: Send): Promise<Answer> {
  return waitUntil("the database is tried again", async () => {
    const answer = await send();
    return answer.status === 503 ? null : answer;
  });
}

async function verify(db: Database, service: TestService) {
  await verifyRecord(db, "unbuilt");
  expect((await findingsOf({ db, blobs: service.registry.blobs })).filter(isDamage)).toEqual([]);
}

describe.each(Object.entries(changes))("a connection to Postgres that is cut while %s", (what, { prepare, again }) => {
  it.each(moments)(
    "is an honest 503 at any message of it, %s, and nothing is done twice",
    async (_, moment) => {
      const { db, proxy, service } = await cuttableService();
      // Straight to Postgres: the cuts are for the API.
      if (what === "moving a tag") testWorker({ ...service.registry, db }, smallImageBuilder());
      let cuts = 0;
      for (let message = firstMessage; message <= mostMessages; message += step) {
        await oncePostgresAnswers(() => service.call("GET", "/v1/models"));
        const change = await prepare(service, `m${message}`);
        proxy.cutAt("message", moment, fromThe(message));
        const answer = await change();
        if (proxy.disarm()) break; // it had fewer messages than that
        cuts += 1;
        const told = `cut ${moment} message ${message}: ${answer.status} ${answer.bytes}`;
        expect(again, told).toContain((answer.status === 503 ? await oncePostgresAnswers(change) : answer).status);
      }
      expect(cuts).toBeGreaterThan(1);
      expect(cuts * step).toBeLessThan(mostMessages);
      await verify(db, service);
    },
    300_000,
  );
});

const keyed = ["making a model", "making a draft", "sealing a version", "uploading an archive"] as const;

describe.each(keyed)("a connection to Postgres that is cut while %s with an Idempotency-Key", (what) => {
  it.each(moments)(
    "at any message of it, %s, keeps the answer for whoever sends it again",
    async (_, moment) => {
      const { db, proxy, service } = await cuttableService();
      let cuts = 0;
      for (let message = firstMessage; message <= mostMessages; message += step) {
        await oncePostgresAnswers(() => service.call("GET", "/v1/models"));
        const change = await changes[what]?.prepare(service, `m${message}`);
        if (change === undefined) throw new Error(what);
        const send = () => change({ "idempotency-key": `key ${message}` });
        proxy.cutAt("message", moment, fromThe(message));
        const first = await send();
        if (proxy.disarm()) break;
        cuts += 1;
        const told = `cut ${moment} message ${message}: ${first.status} ${first.bytes}`;
        expect([201, 202, 503], told).toContain(first.status);
        const again = await waitUntil("the key is free or answered", async () => {
          const answer = await oncePostgresAnswers(send);
          return answer.status === 409 && answer.json.type === "/problems/request_in_progress" ? null : answer;
        });
        expect([201, 202], told).toContain(again.status);
        if (first.status !== 503) expect(again.bytes.toString(), told).toBe(first.bytes.toString());
      }
      expect(cuts).toBeGreaterThan(2);
      expect(cuts * step).toBeLessThan(mostMessages);
      await verify(db, service);
    },
    300_000,
  );
});
