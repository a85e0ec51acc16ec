import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import type { BuiltImage } from "#core/images/image-builder.ts";
import { openPublisher } from "#core/images/publish-image.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { fixedLogin } from "#core/images/registry-client/credential-source.ts";
import { pullManifest } from "#core/images/registry-client/manifests.ts";
import { freePort } from "#standalone/free-port.ts";
import { startImageRegistry } from "#standalone/image-registry.ts";
import { openLedger } from "#standalone/ledger.ts";
import { oneRegistry } from "#test/one-registry.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";
import { type WireOptions, type WireRegistry, wireRegistry } from "#test/wire-registry.ts";
import { faultyProxy } from "./faulty-proxy.ts";
import { buildContext } from "./instance.ts";
import { layeredImage } from "./layered-image.ts";

const image = () =>
  layeredImage([
    { kind: "base", sizeBytes: 300_000 },
    { kind: "runtime", sizeBytes: 200_000 },
    { kind: "model", sizeBytes: 1_000_000 },
  ]);
const login = fixedLogin({ username: "ci", password: "hunter2" }, "the login");
const isLogin = (username: string, password: string) => username === "ci" && password === "hunter2";

async function publish(host: string, built: BuiltImage): Promise<string[]> {
  const { registries, place } = oneRegistry({ host, login });
  const context = buildContext();
  await openPublisher(registries).publish(built, place("churn"), context);
  return context.lines;
}

/** Whether all bytes of the image are there, once. */
function expectWhole(registry: WireRegistry, built: BuiltImage): void {
  const digests = [...registry.blobs.keys()].map((key) => key.split("/").at(-1));
  expect(digests.sort()).toEqual([...built.layers.map(({ digest }) => digest), digestOf(built.config)].sort());
  expect(registry.sentBytes).toBe(built.layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, built.config.length));
  expect([...registry.manifests.keys()].some((key) => key.endsWith(built.digest))).toBe(true);
}

describe("a push goes on", () => {
  const open = (options: Partial<WireOptions>) => wireRegistry({ way: "token", isLogin, ...options });

  it("after as long as a registry that is asked too much wants to be left alone", async () => {
    const refusedAt: number[] = [];
    const takenAt: number[] = [];
    const registry = await open({
      fault(request, response) {
        if (request.method !== "POST") return false;
        if (refusedAt.length < 2) {
          refusedAt.push(Date.now());
          response.writeHead(429, { "retry-after": "2", "content-type": "application/json" });
          response.end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}');
          return true;
        }
        takenAt.push(Date.now());
        return false;
      },
    });
    const built = await image();
    const lines = await publish(registry.host, built);
    expectWhole(registry, built);
    expect(lines[0]).toMatch(/it answered 429 TOOMANYREQUESTS "slow down"; trying again in 2 s, as it asks$/);
    expect(Math.max(...takenAt) - Math.max(...refusedAt)).toBeGreaterThanOrEqual(1_950);
  });

  it("and leaves one that wants to be left alone for long to the build's own tries", async () => {
    const built = await image();
    let asked = 0;
    const registry = await open({
      fault(request, response) {
        if (request.method !== "POST") return false;
        asked += 1;
        response.writeHead(429, { "retry-after": "3600" }).end();
        return true;
      },
    });
    await expect(publish(registry.host, built)).rejects.toMatchObject({ status: 429, retryAfterMs: 3_600_000 });
    expect(asked).toBeLessThanOrEqual(built.layers.length + 1); // of each blob once
  });

  it("with another token where one is taken back in the middle, also while a layer is on its way", async () => {
    let puts = 0;
    const registry = await open({
      fault(request) {
        if (request.method !== "PUT") return false;
        puts += 1;
        if (puts <= 2) registry.revokeTokens();
        return false;
      },
    });
    const built = await image();
    await publish(registry.host, built);
    expectWhole(registry, built);
    expect(registry.scopes.length).toBeGreaterThanOrEqual(3);
  });

  it("to the place that an upload is sent on to, which gets no login of ours", async () => {
    const registry = await open({ writesElsewhere: true, readsElsewhere: true });
    const built = await image();
    await publish(registry.host, built);
    expectWhole(registry, built);
  });

  it("where the connection is cut in the middle of a layer, and what had come is not sent again", async () => {
    let cuts = 0;
    const registry = await open({
      fault(request) {
        if (request.method !== "PUT" || Number(request.headers["content-length"]) < 1_000_000 || cuts > 0) return false;
        cuts += 1;
        request.once("data", () => request.socket.destroy());
        return true;
      },
    });
    const built = await image();
    const lines = await publish(registry.host, built);
    expectWhole(registry, built);
    expect(lines[0]).toMatch(/did not answer PUT .*; trying again$/);
  });

  it("with no more than four layers on their way at a time, and with four", async () => {
    let running = 0;
    let most = 0;
    const registry = await wireRegistry({ way: "open" });
    const proxy = await faultyProxy(registry.host, async (incoming, response) => {
      if (incoming.method !== "PUT" || incoming.url?.includes("/manifests/")) return false;
      running += 1;
      most = Math.max(most, running);
      response.once("close", () => {
        running -= 1;
      });
      // The first wait for company, so that four are seen together however slow the machine is.
      while (most < 4 && !response.destroyed) await sleep(10);
      return false;
    });
    const built = await layeredImage(
      Array.from({ length: 12 }, () => ({ kind: "model" as const, sizeBytes: 500_000 })),
    );
    await publish(proxy.host, built);
    expectWhole(registry, built);
    expect(most).toBe(4);
  });
});

it("a real registry that starts again in the middle of a push has all of the image in the end", async () => {
  const folder = temporaryFolder();
  const options = { folder, port: await freePort(), secret: "s", ledger: openLedger(`${folder}/processes.json`) };
  let running = await startImageRegistry(options);
  whenDone(() => running.child.stop(2_000));
  let restarting: Promise<void> | null = null;
  let awayAt = 0;
  const proxy = await faultyProxy(running.host, async (incoming) => {
    // On a busy machine it may come up later than a push tries again for.
    if (restarting !== null && Date.now() - awayAt > 1_000) await restarting;
    if (incoming.method !== "PUT" || restarting !== null) return false;
    awayAt = Date.now();
    restarting = (async () => {
      await running.child.stop(0);
      await sleep(300);
      running = await startImageRegistry(options);
    })();
    return false;
  });
  const built = await image();
  const lines = await publish(proxy.host, built);
  await restarting;
  expect(lines.join("\n")).toMatch(/trying again\n.*\nverified/s);
  const client = openRegistryClient({ host: running.host });
  whenDone(() => client.close());
  const path = oneRegistry({ host: running.host }).place("churn").path.split("/");
  expect(path).toHaveLength(2);
  const catalogue = await fetch(`http://${running.host}/v2/_catalog`);
  const { repositories } = (await catalogue.json()) as { repositories: string[] };
  const found = await pullManifest(client, repositories[0] ?? "", built.digest, AbortSignal.timeout(100_000));
  expect(found?.bytes).toEqual(built.manifest);
});

describe("a manifest", () => {
  it("is asked for again where its registry is just putting it under another tag, and no more than that", async () => {
    let failing = 0;
    const registry = await wireRegistry({
      way: "open",
      fault: (request, response) => {
        if (failing === 0 || request.method !== "GET") return false;
        failing -= 1;
        response.writeHead(500).end();
        return true;
      },
    });
    const client = openRegistryClient({ host: registry.host });
    whenDone(() => client.close());
    const built = await image();
    await publish(registry.host, built);
    const [path = ""] = /^.*(?=\/)/.exec([...registry.manifests.keys()][0] ?? "") ?? [];
    const pull = () => pullManifest(client, path, built.digest, AbortSignal.timeout(100_000));
    failing = 2;
    expect((await pull())?.digest).toBe(built.digest);
    failing = 3;
    await expect(pull()).rejects.toThrow("500");
  });
});
