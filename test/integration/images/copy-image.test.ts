import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { copyImage } from "#core/images/copy-image.ts";
import type { BuiltImage, Layer } from "#core/images/image-builder.ts";
import { imageIndex } from "#core/images/image-index.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { deleteBlob } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { pushImage, verifyPushed } from "#core/images/registry-client/push-image.ts";
import { imageOf } from "#test/small-image.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { login as credentials, passwordRegistry } from "./guarded-registry.ts";

const login = { kept: "the login of the test", login: async () => credentials, refused() {} };
const open = (host: string) => {
  const client = openRegistryClient({ host, login });
  whenDone(() => client.close());
  return client;
};
const sourceHost = await passwordRegistry();
const fromWay = await tcpProxy(`http://${sourceHost}`);
const [source, target] = [open(sourceHost), open(await passwordRegistry())];
const { signal } = new AbortController();
const largeBytes = 4_000_000;

const layer = (sizeBytes: number): Layer => {
  const bytes = randomBytes(sizeBytes);
  const digest = digestOf(bytes);
  const open = async () => Readable.from([bytes]);
  return { digest, diffId: digest, sizeBytes, mediaType: mediaTypes.layerTar, kind: "model", open };
};
let repository: string;
let image: BuiltImage;
let digest: Digest;
let lines: string[];
const copy = (options: { from?: typeof source; to?: typeof target; path?: string; signal?: AbortSignal } = {}) =>
  copyImage(
    { client: options.from ?? source, path: repository },
    { client: options.to ?? target, path: options.path ?? repository, repositories: null },
    digest,
    { log: (line) => lines.push(line), signal: options.signal ?? signal },
  );
const isWhole = (path = repository, client = target) => verifyPushed(client, path, image, signal);

beforeEach(async () => {
  repository = `copy-${randomBytes(6).toString("hex")}`;
  lines = [];
  const shared = layer(1_000);
  const amd64 = imageOf([shared, layer(largeBytes)]);
  const index = imageIndex([amd64, imageOf([shared, layer(2_000)], "linux/arm64")]);
  [image, digest] = [{ ...amd64, index }, index.digest];
  await pushImage(source, repository, image, { log() {}, signal });
});

describe("an image in another registry", () => {
  it("has the same digest and all of both platforms, and is not sent twice", async () => {
    await copy();
    await isWhole();
    expect(lines.at(-1)).toMatch(/5 blobs sent \(4\.00 MB\), in/);
    await copy();
    expect(lines.at(-1)).toContain("0 blobs sent");
  });

  it("is there after a copy that was killed in the middle, which goes on where it stood", async () => {
    const killed = new AbortController();
    fromWay.disturb(async (chunk, direction) => {
      if (direction === "up" || chunk.length < 20_000) return chunk;
      await waitUntil("another blob is there", async () => lines.length > 0);
      killed.abort();
      return null;
    });
    await expect(copy({ from: open(fromWay.host), signal: killed.signal })).rejects.toThrow(/abort/i);
    fromWay.disturb(null);
    await expect(isWhole()).rejects.toThrow();
    await copy();
    await isWhole();
    expect(lines.at(-1)).toMatch(/: [1-4] blobs sent/);
  });

  it("is mounted, not sent, in another repository of the same registry", async () => {
    await copy({ to: source, path: `${repository}/again` });
    await isWhole(`${repository}/again`, source);
    expect(lines.at(-1)).toContain("0 blobs sent (0.00 MB), 5 mounted");
  });
});

describe("an image that is not whole at its source", () => {
  it("is not there: the layer is named that is missing", async () => {
    const missing = image.layers[1]?.digest as Digest;
    await deleteBlob(source, repository, missing, signal);
    await expect(copy()).rejects.toThrow(`has no ${missing} of ${repository} any more`);
    await expect(isWhole()).rejects.toThrow();
  });

  it("is not there where the bytes are others", async () => {
    const wrong = layer(largeBytes);
    const client = { ...source, call: source.call };
    client.call = async (call) => {
      const asked = `/v2/${repository}/blobs/${image.layers[1]?.digest}`;
      if (call.target !== asked || call.headers?.["range"] !== undefined) return source.call(call);
      const answer = await source.call({ ...call, target: `/v2/${repository}/blobs/${image.layers[0]?.digest}` });
      await answer.body.dump();
      return { ...answer, body: (await wrong.open()) as typeof answer.body };
    };
    await expect(copy({ from: client })).rejects.toThrow(/other bytes|did not answer/);
    await expect(isWhole()).rejects.toThrow();
  });
});
