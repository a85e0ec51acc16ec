import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { packageFolder, slipwayCommand } from "#test/slipway-command.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { type TcpProxy, tcpProxy } from "#test/tcp-proxy.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const mebibyte = 1024 ** 2;

/** Counts what goes up, and does what is to be done once so much has. */
function countUp(proxy: TcpProxy, moments: Record<number, () => void> = {}) {
  const counted = { up: 0 };
  proxy.disturb((chunk, direction) => {
    if (direction === "down") return chunk;
    const before = counted.up;
    counted.up += chunk.length;
    for (const [after, act] of Object.entries(moments))
      if (before <= Number(after) && counted.up > Number(after)) act();
    return chunk;
  });
  return counted;
}

async function openUploads({ call }: TestService, model: string): Promise<{ status: string }[]> {
  const { json } = await call("GET", `/v1/models/${model}/versions/1.0.0/uploads?limit=100`);
  return json.items.filter(({ status }: { status: string }) => status === "open");
}

for (const server of ["versitygw", "minio"] as const)
  describeWithBucket(`straight to ${server}`, server, async ({ settings, config }) => {
    const store = await tcpProxy(config.endpoint ?? "");
    const service = await testService({ ...settings, SLIPWAY_S3_PUBLIC_ENDPOINT: store.urlOf(config.endpoint ?? "") });
    testWorker(service.registry, smallImageBuilder());
    const api = await tcpProxy(`http://127.0.0.1:${service.port}`);
    const slipway = slipwayCommand({ SLIPWAY_URL: api.urlOf(`http://127.0.0.1:${service.port}`) });
    const weights = randomBytes(70 * mebibyte);

    it("goes past the API, on with the parts that have arrived", async () => {
      const folder = await packageFolder({ "model/weights.bin": weights });
      const throughApi = countUp(api);
      let stop = () => {};
      let arrived = 0;
      store.disturb((chunk, direction) => {
        if (direction === "down" && chunk.includes("HTTP/1.1 200")) arrived += 1;
        if (arrived < 2) return chunk;
        stop();
        stop = () => {}; // twice it would end at once
        return chunk;
      });
      const first = slipway.start(["push", "parts", folder]);
      stop = first.interrupt;
      expect((await first.ended).code).toBe(130);
      const sent = countUp(store);
      const { code, errors } = await slipway.run(["push", "parts", folder]);
      expect(code, errors).toBe(0);
      expect(sent.up).toBeLessThan(60 * mebibyte);
      expect(throughApi.up).toBeLessThan(mebibyte);
      expect((await slipway.run(["pull", "parts@1.0.0", "back"])).code).toBe(0);
      const back = await readFile(join(slipway.home, "back/model/weights.bin"));
      expect(back.equals(weights)).toBe(true);
    });

    it("sends a part again whose connection was cut", async () => {
      let cuts = 0;
      const folder = await packageFolder({ "model/weights.bin": Buffer.concat([weights, randomBytes(1)]) });
      countUp(store, {
        [20 * mebibyte]: () => {
          cuts += 1;
          store.cut();
          setTimeout(() => store.open(), 300);
        },
      });
      const { code, errors } = await slipway.run(["push", "parts-cut", folder]);
      expect(code, errors).toBe(0);
      expect(cuts).toBe(1);
    });

    it("takes the way through the API where there is none to the store, and leaves no upload", async () => {
      const away = await testService({
        ...settings,
        SLIPWAY_S3_PUBLIC_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      });
      testWorker(away.registry, smallImageBuilder());
      const folder = await packageFolder({ "model/weights.bin": randomBytes(33 * mebibyte) });
      const push = ["push", "around", folder, "--url", `http://127.0.0.1:${away.port}`];
      const { code, errors } = await slipway.run(push);
      expect(code, errors).toBe(0);
      expect(await openUploads(away, "around")).toEqual([]);
    });
  });

it("resumes a file above 256 MiB through the API after a cut and after Ctrl-C", async () => {
  const service = await testService();
  testWorker(service.registry, smallImageBuilder());
  const url = `http://127.0.0.1:${service.port}`;
  const api = await tcpProxy(url);
  const slipway = slipwayCommand({ SLIPWAY_URL: api.urlOf(url) });
  const weights = Buffer.alloc(258 * mebibyte, 7);
  const folder = await packageFolder({ "model/weights.bin": weights });
  let stop = () => {};
  let cuts = 0;
  countUp(api, {
    [80 * mebibyte]: () => {
      cuts += 1;
      api.cut();
      setTimeout(() => api.open(), 300);
    },
    [160 * mebibyte]: () => stop(),
  });
  const first = slipway.start(["push", "large", folder]);
  stop = first.interrupt;
  expect((await first.ended).code).toBe(130);
  expect(cuts).toBe(1);
  const rest = countUp(api);
  const { code, errors } = await slipway.run(["push", "large", folder, "--json"]);
  expect(code, errors).toBe(0);
  expect(rest.up).toBeLessThan(200 * mebibyte);
  const { json } = await service.call("GET", "/v1/models/large/versions/1.0.0/files");
  const digest = `sha256:${createHash("sha256").update(weights).digest("hex")}`;
  expect(json.items).toContainEqual(expect.objectContaining({ path: "model/weights.bin", digest }));
});
