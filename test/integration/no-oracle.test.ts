import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { newId } from "#core/database/ids.ts";
import { cursorOf } from "#core/database/paging.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import { modelLayers } from "#core/images/layers/model-layers.ts";
import { guardedService } from "#test/access.ts";
import { finished, predictorPackage, ready } from "#test/sealed.ts";
import { imageOf } from "#test/small-image.ts";
import { tarOf } from "#test/tar-of.ts";
import { type Answer, draftOf, type TestService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

/*
 * Ana has `a.*`, Ben `b.*`. Of a.churn, which is there, Ben hears what he hears of a.chorn, which is not; and of bytes
 * that Ana has uploaded what he hears of bytes that nobody has.
 */
type Method = Parameters<TestService["call"]>[0];

const service = await guardedService();
const { registry } = service;
const administers = (pattern: string) => [{ role: "administrator" as const, pattern }];
const ana = await service.identity("ana", administers("a.*"));
const ben = await service.identity("ben", administers("b.*"));
const asAna: TestService = { ...service, call: ana.call };
const asBen: TestService = { ...service, call: ben.call };

/** Real layers of the files, as the assembler makes them, and nothing round them. */
const builder: ImageBuilder = {
  name: "assembler",
  build: async ({ model, files }, { signal }) =>
    imageOf(await modelLayers(registry, files, { model, most: 9, signal })),
};
testWorker(registry, builder);

const there = "a.churn";
const nowhere = "a.chorn";
await ready(asAna, there, "1.0.0");
await ana.call("PATCH", `/v1/models/${there}`, { json: { title: "Harvest", labels: { team: "harvest" } } });
await ana.call("PUT", `/v1/models/${there}/tags/prod`, { json: { version: "1.0.0" } });
await draftOf(asAna, there, "2.0.0", { "notes.txt": "a draft" });
await draftOf(asBen, "b.own", "1.0.0");
const version = (await ana.call("GET", `/v1/models/${there}/versions/1.0.0`)).json;
const [file] = (await ana.call("GET", `/v1/models/${there}/versions/1.0.0/files`)).json.items;

/** All that an answer tells but its time and the request's id, with the names that were asked for made one. */
function told({ status, headers, bytes }: Answer, ...names: string[]) {
  const { date: _date, "x-request-id": id, ...rest } = headers;
  const asked = [...names, ...(typeof id === "string" ? [id] : [])];
  const plain = (text: string) => asked.reduce((left, name) => left.replaceAll(name, "…"), text);
  return { status, headers: plain(JSON.stringify(rest)), body: plain(bytes.toString()) };
}

interface Operation {
  method: Method;
  path: string;
  hasBody: boolean;
}

/** Every operation that the service describes and whose path names a model or a build. */
const described = (await service.call("GET", "/openapi.json")).json.paths as Record<string, Record<string, object>>;
const operations: Operation[] = Object.entries(described).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase() as Method,
    path,
    hasBody: "requestBody" in operation,
  })),
);
const ofModels = operations.filter(({ path }) => path.includes("{model}"));
const ofBuilds = operations.filter(({ path }) => path.startsWith("/v1/builds/{id}"));

const variants: Record<string, Record<string, string>> = {
  plainly: {},
  "with its ETags": { "if-none-match": `"${file.digest}"`, "if-match": '"1"' },
  "with a range": { range: "bytes=0-3", "if-range": `"${file.digest}"` },
  "with its digest": { "content-digest": reprDigest(predictorPackage["src/predictor.py"]) },
  "with an Idempotency-Key": { "idempotency-key": "of ana" },
  "as events": { accept: "text/event-stream", "last-event-id": "1" },
};

/** RFC 9530. */
function reprDigest(bytes: Buffer | string): string {
  return `sha-256=:${Buffer.from(digestOf(bytes).slice("sha256:".length), "hex").toString("base64")}:`;
}

const bodyOf = ({ hasBody }: Operation, name: string) =>
  hasBody ? { json: { version: "1.0.0", name: name.replace("a.", "b."), title: "new" } } : {};

describe("of a model that Ben may not see he hears what he hears of one that is not there", () => {
  it("has operations to ask", () => {
    expect([ofModels.length, ofBuilds.length]).toEqual([expect.any(Number), 5]);
    expect(ofModels.length).toBeGreaterThan(18);
  });

  it.each(ofModels.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s",
    async (_name, operation) => {
      for (const [how, headers] of Object.entries(variants))
        for (const named of ["1.0.0", "2.0.0", "prod"]) {
          const ask = async (model: string) => {
            const path = operation.path
              .replace("{model}", model)
              .replace("{version}", named)
              .replace("{tag}", "prod")
              .replace("{path}", "src/predictor.py");
            const method = operation.method;
            return told(await ben.call(method, path, { ...bodyOf(operation, model), headers }), model, model.slice(2));
          };
          const unseen = await ask(there);
          expect([how, unseen]).toEqual([how, await ask(nowhere)]);
          expect(unseen.status).toBe(404);
        }
    },
  );

  it.each(ofBuilds.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    "%s",
    async (_name, { method, path }) => {
      for (const [how, headers] of Object.entries(variants)) {
        const ask = async (id: string) => told(await ben.call(method, path.replace("{id}", id), { headers }), id);
        const unseen = await ask(version.build.id);
        expect([how, unseen]).toEqual([how, await ask(newId())]);
        expect(unseen.status).toBe(404);
      }
    },
  );

  it("HEAD and methods that are not taken", async () => {
    const paths = ["", "/versions/1.0.0", "/versions/1.0.0/files/notes.txt", "/tags/prod", "/nothing"];
    for (const method of ["HEAD", "OPTIONS", "PATCH"] as const)
      for (const path of paths) {
        const ask = async (model: string) => told(await ben.call(method, `/v1/models/${model}${path}`), model);
        expect([method, path, await ask(there)]).toEqual([method, path, await ask(nowhere)]);
      }
  });

  it("by making one, and by a rename", async () => {
    for (const act of [
      (name: string) => ben.call("POST", "/v1/models", { json: { name } }),
      (name: string) => ben.call("PATCH", "/v1/models/b.own", { json: { name } }),
    ]) {
      const unseen = told(await act(there), there);
      expect(unseen).toEqual(told(await act(nowhere), nowhere));
      expect(unseen.status).toBe(403);
    }
    expect((await ben.call("GET", "/v1/models/b.own")).status).toBe(200);
  });

  it("in lists, searches and counts", async () => {
    const pageAfter = (name: string) => `cursor=${cursorOf("models", name)}`;
    const pairs = [
      ["q=Harvest", "q=Nothing"],
      ["q=churn", "q=chorn"],
      ["label=team%3Dharvest", "label=team%3Dnothing"],
      [pageAfter(there), pageAfter(nowhere)],
    ] as const;
    for (const [existing, missing] of pairs) {
      const [one, other] = [
        await ben.call("GET", `/v1/models?${existing}`),
        await ben.call("GET", `/v1/models?${missing}`),
      ];
      expect([existing, told(one)]).toEqual([existing, told(other)]);
    }
    const names = (await ben.call("GET", "/v1/models?limit=1")).json;
    expect([names.items.map(({ name }: { name: string }) => name), names.nextCursor]).toEqual([["b.own"], null]);
  });

  it("in the audit and the quotas", async () => {
    for (const filter of [(name: string) => `model=${name}`, (name: string) => `model=${name}&action=version.`]) {
      const ask = async (name: string) => told(await ben.call("GET", `/v1/audit?${filter(name)}`));
      expect(await ask(there)).toEqual(await ask(nowhere));
    }
    const everything = (await ben.call("GET", "/v1/audit?limit=100")).bytes.toString();
    expect(everything).not.toContain(there);
    expect((await ben.call("GET", "/v1/audit?actor=ana")).json.items).toEqual([]);
    await service.admin("PUT", "/v1/quotas/a.*", { json: { models: 300 } });
    await service.admin("PUT", "/v1/quotas/*", { json: { models: 300 } });
    expect((await ben.call("GET", "/v1/quotas")).bytes.toString()).not.toMatch(/"a\.|"\*"/);
  });

  it("by an Idempotency-Key that Ana has used", async () => {
    const headers = { "idempotency-key": "a key of Ana's" };
    expect((await ana.call("POST", "/v1/models", { json: { name: "a.keyed" }, headers })).status).toBe(201);
    const used = await ben.call("POST", "/v1/models", { json: { name: "b.keyed1" }, headers });
    const fresh = await ben.call("POST", "/v1/models", {
      json: { name: "b.keyed2" },
      headers: { "idempotency-key": "a key of nobody" },
    });
    const time = (answer: Answer) => answer.json.createdAt;
    expect(told(used, "b.keyed1", time(used))).toEqual(told(fresh, "b.keyed2", time(fresh)));
    expect(used.status).toBe(201);
  });
});

describe("of bytes that Ana has uploaded Ben hears what he hears of bytes that nobody has", () => {
  const large = 9 * 1024 * 1024; // a layer of its own
  const content = () => ({ model: randomBytes(large), small: randomBytes(2_000) });
  const known = content();
  const unknown = content();
  const packageOf = ({ model, small }: typeof known) => ({
    "src/predictor.py": Buffer.from(predictorPackage["src/predictor.py"]),
    "model/weights.bin": model,
    "model/small.bin": small,
  });

  it("by uploading a file, with a digest or without", async () => {
    await draftOf(asAna, "a.bytes", "1.0.0", { "model/small.bin": known.small });
    for (const [name, headers] of [
      ["plain", () => ({})],
      ["digest", (bytes: Buffer) => ({ "content-digest": reprDigest(bytes) })],
      ["wrong", () => ({ "content-digest": reprDigest("other bytes") })],
    ] as const) {
      await draftOf(asBen, `b.${name}`, "1.0.0");
      const ask = async (bytes: Buffer, path: string) => {
        const url = `/v1/models/b.${name}/versions/1.0.0/files/${path}`;
        const answer = await ben.call("PUT", url, { bytes, headers: headers(bytes) });
        return told(answer, path, digestOf(bytes), reprDigest(bytes));
      };
      const answer = await ask(known.small, "known.bin");
      expect([name, answer]).toEqual([name, await ask(unknown.small, "other.bin")]);
      expect(answer.status).toBe(name === "wrong" ? 422 : 201);
    }
  });

  it("by uploading a version, and by the log and the lock of its build", async () => {
    const upload = async (who: TestService, model: string, files: ReturnType<typeof packageOf>) => {
      await who.call("POST", "/v1/models", { json: { name: model } });
      const answer = await who.call("POST", `/v1/models/${model}/versions?version=1.0.0`, {
        bytes: await tarOf(files),
        headers: { "content-type": "application/x-tar" },
      });
      expect(answer.status).toBe(202);
      const build = await finished(who, answer.json.build.id);
      expect(build.status).toBe("succeeded");
      const ownNames = [model, build.id, answer.json.contentDigest, answer.json.createdAt, answer.json.sealedAt];
      const log = await who.call("GET", `/v1/builds/${build.id}/log`);
      const lock = await who.call("GET", `/v1/builds/${build.id}/lock`);
      const layers = build.image.platforms[0].layers.map(({ digest }: { digest: string }) => digest);
      return {
        answer: told(answer, ...ownNames),
        log: withoutTimes(told(log, model, build.image.digest).body),
        lock: told(lock),
        layers,
      };
    };
    const first = await upload(asAna, "a.large", packageOf(known));
    const again = await upload(asBen, "b.large", packageOf(known));
    const fresh = await upload(asBen, "b.fresh", packageOf(unknown));
    expect(again.layers).toContain(first.layers[1]);
    expect(again.answer).toEqual(fresh.answer);
    expect(again.log).toBe(fresh.log);
    expect(again.log).toContain("3 blobs sent");
    expect(again.lock).toEqual(fresh.lock);
  });
});

function withoutTimes(log: string): string {
  return log.replaceAll(/^\S+Z /gm, "").replaceAll(/in \d+(\.\d+)? (ms|s)\b/g, "in …");
}
