import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { mediaTypes } from "#core/images/oci.ts";
import { ciClient } from "./ci-client.ts";
import { exchange } from "./exchange.ts";
import { killableInstance } from "./instance.ts";
import { openJournal } from "./journal.ts";
import { smallPackage } from "./packages.ts";
import { seededRandom } from "./random.ts";
import { killSettings } from "./settings.ts";
import { verifyInstance } from "./verify-instance.ts";
import { warmInstance } from "./warm-instance.ts";

const { seed } = killSettings(process.env);

interface RegistryFault {
  /** Deals with a request, or lets it go on to the registry. */
  answer(incoming: IncomingMessage, response: ServerResponse): boolean;
  /** What the build says once nobody tries any more. */
  reason: RegExp;
}

const isPut = ({ method, url }: IncomingMessage, path: string): boolean =>
  method === "PUT" && url !== undefined && url.includes(path);
const isGet = ({ method, url }: IncomingMessage, path: string): boolean =>
  (method === "GET" || method === "HEAD") && url !== undefined && url.includes(path);

/** By the model whose repository is met so. */
const faults: Record<string, RegistryFault> = {
  "answers-500": {
    answer(_incoming, response) {
      response.writeHead(500).end();
      return true;
    },
    reason: /^registry 127\.0\.0\.1:\d+ refused to .* it answered 500$/,
  },
  "cuts-connections": {
    answer(incoming) {
      incoming.socket.destroy();
      return true;
    },
    reason: /^127\.0\.0\.1:\d+ did not answer POST .*: (?:other side closed|read ECONNRESET)$/,
  },
  "keeps-a-manifest-under-another-digest": {
    answer(incoming, response) {
      if (!isPut(incoming, "/manifests/")) return false;
      response.writeHead(201, { "docker-content-digest": `sha256:${"0".repeat(64)}` }).end();
      return true;
    },
    reason: /keeps the manifest of .* as sha256:0+, not as sha256:/,
  },
  "takes-a-manifest-and-keeps-none": {
    answer(incoming, response) {
      if (!isPut(incoming, "/manifests/")) return false;
      response.writeHead(201).end();
      return true;
    },
    reason: /does not have .*@sha256:\w+, which was pushed to it$/,
  },
  "gives-other-bytes-for-a-manifest": {
    answer(incoming, response) {
      if (!isGet(incoming, "/manifests/")) return false;
      response.writeHead(200, { "content-type": mediaTypes.manifest }).end("{}");
      return true;
    },
    reason: /answered sha256:\w+ of .* with other bytes/,
  },
  "says-that-it-has-blobs-and-has-none": {
    answer(incoming, response) {
      if (!isGet(incoming, "/blobs/sha256:")) return false;
      // Any size is said to be the right one by who knows what is asked for.
      const size = sizes.get(incoming.url?.split("/").at(-1) ?? "") ?? 1_024;
      response
        .writeHead(206, { "content-range": `bytes ${size - 1}-${size - 1}/${size}`, "content-length": "1" })
        .end("x");
      return true;
    },
    reason: /refused to take the manifest .* it answered 4\d\d|has \d+ bytes of sha256:/,
  },
};

/** Of blobs that other models' pushes have shown. */
const sizes = new Map<string, number>();

describe("a registry that lies or fails for longer than it is borne with", async () => {
  const instance = await killableInstance({
    warm: await warmInstance(),
    apis: 1,
    workers: 1,
    settings: { SLIPWAY_RETRY_SECONDS: "10", SLIPWAY_BUILDS_AT_ONCE: "8", SLIPWAY_LEASE_SECONDS: "600" },
  });
  const journal = openJournal();
  const random = seededRandom(seed);
  const ports = instance.apis.map(({ port }) => port);
  const client = ciClient({ ports, journal, random, onSending: () => {} });
  const files = smallPackage(random);

  it("never makes a version ready: each fails with a reason that can be read, and is ready when it is built again", async () => {
    await client.release({ model: "first", version: "1.0.0", files, way: "files" });
    expect(await client.ended("first", "1.0.0")).toBe("ready");
    const { json: first } = await client.get("/v1/models/first/versions/1.0.0");
    for (const layer of first.image.platforms[0].layers) sizes.set(layer.digest, layer.sizeBytes);

    instance.setFault((incoming, response) => {
      const model = Object.keys(faults).find((name) => incoming.url?.includes(`/${name}/`));
      const met = model !== undefined && (faults[model]?.answer(incoming, response) ?? false);
      if (met) incoming.resume();
      return met;
    });
    await Promise.all(
      Object.entries(faults).map(async ([model, { reason }]) => {
        await client.release({ model, version: "1.0.0", files, way: "files" });
        expect(await client.ended(model, "1.0.0"), model).toBe("failed");
        const { json } = await client.get(`/v1/models/${model}/versions/1.0.0`);
        const build = await client.get(`/v1/builds/${json.build.id}`);
        expect(build.json.error.code, model).toBe("part_unavailable");
        expect(build.json.error.message).toMatch(reason);
        expect(json.image, model).toBeNull();
      }),
    );
    await verifyInstance(instance, journal);

    instance.setFault(null);
    for (const model of Object.keys(faults)) {
      const path = `/v1/models/${model}/versions/1.0.0/builds`;
      expect((await exchange({ port: ports[0] ?? 0, method: "POST", path })).status).toBe(202);
    }
    for (const model of Object.keys(faults)) {
      const ended = async () => (await client.get(`/v1/models/${model}/versions/1.0.0`)).json;
      while ((await ended()).status !== "ready") await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await verifyInstance(instance, journal);
  }, 240_000);
});
