import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { modelLayers, ownLayerBytes } from "#core/images/layers/model-layers.ts";
import { openPublisher } from "#core/images/publish-image.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { pullManifest } from "#core/images/registry-client/manifests.ts";
import { oneRegistry } from "#test/one-registry.ts";
import { imageOf } from "#test/small-image.ts";
import { tarOf } from "#test/tar-of.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";

const folder = temporaryFolder();
const service = await testService({ SLIPWAY_ARTIFACTS_DIR: folder });
const { db } = service.registry;
const { signal } = new AbortController();
const path = "model/weights.bin";
const predictor = Buffer.from("class Predictor:\n    def predict(self, instances):\n        return instances\n");
const layersOf = (model: string, bytes: Buffer) =>
  modelLayers(service.registry, [{ path, digest: digestOf(bytes), sizeBytes: bytes.length }], {
    model,
    most: 9,
    signal,
  });
const noted = async (bytes: Buffer): Promise<string[]> =>
  (await db.fileLayer.findMany({ where: { blobDigest: digestOf(bytes) } })).map(({ layerDigest }) => layerDigest);

async function put(model: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<void> {
  await draftOf(service, model, "1.0.0");
  const to = `/v1/models/${model}/versions/1.0.0/files/${path}`;
  expect((await service.call("PUT", to, { bytes, headers })).status).toBe(201);
}

async function putArchive(model: string, bytes: Buffer): Promise<void> {
  await service.call("POST", "/v1/models", { json: { name: model } });
  const archive = await tarOf({ [path]: bytes, "src/predictor.py": predictor });
  const headers = { "content-type": "application/x-tar" };
  const to = `/v1/models/${model}/versions?version=1.0.0`;
  expect((await service.call("POST", to, { bytes: archive, headers })).status).toBe(202);
}

it.each([
  ["file", put, ownLayerBytes],
  ["file that fills its last block in part", put, ownLayerBytes + 100],
  ["archive", putArchive, ownLayerBytes + 511],
])(
  "the layer of a large file is known when its %s has come, and is the one that its bytes make",
  async (_, send, size) => {
    const bytes = randomBytes(size);
    await send(`known-${size}`, bytes);
    const known = await noted(bytes);
    expect(known).toHaveLength(1);
    await db.fileLayer.deleteMany();
    expect((await layersOf(`known-${size}`, bytes)).map(({ digest }) => digest)).toEqual(known);
  },
);

it.each([
  ["shares its layer", ownLayerBytes - 1, {}],
  ["came without its length", ownLayerBytes, { "transfer-encoding": "chunked" }],
])("nothing is kept of a file that %s", async (_, size, headers) => {
  const bytes = randomBytes(size);
  await put(`unknown-${size}`, bytes, headers);
  expect(await noted(bytes)).toEqual([]);
  expect(await layersOf(`unknown-${size}`, bytes)).toHaveLength(1);
});

it("bytes that changed in the store after their layer was known are never pushed as it, and are noted as damaged", async () => {
  const bytes = randomBytes(ownLayerBytes);
  await put("damaged", bytes);
  const digest = digestOf(bytes);
  const { key } = await db.blob.findUniqueOrThrow({ where: { digest } });
  const wrong = Buffer.from(bytes);
  wrong.writeUInt8(wrong.readUInt8(500) ^ 1, 500);
  writeFileSync(join(folder, key.slice(0, 2), key), wrong);
  const host = inject("parts").registryHost;
  const { registries, place } = oneRegistry({ host });
  const image = imageOf(await layersOf("damaged", bytes));
  const publishing = openPublisher(registries).publish(image, place("damaged"), { log: () => {}, signal });
  await expect(publishing).rejects.toThrow("the store gives bytes with the digest");
  await expect.poll(() => db.blob.count({ where: { digest, damagedAt: { not: null } } })).toBe(1);
  expect(await pullManifest(openRegistryClient({ host }), place("damaged").path, image.digest, signal)).toBeNull();
});
