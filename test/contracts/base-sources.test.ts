import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import type { Base } from "#core/images/bases/base-source.ts";
import { debianBase } from "#core/images/bases/debian-base.ts";
import { imageBase } from "#core/images/bases/image-base.ts";
import { BuildFault } from "#core/images/image-builder.ts";
import { tarStream } from "#core/images/layers/tar.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { pushBlob } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { pushManifest } from "#core/images/registry-client/manifests.ts";
import type { ImageReference } from "#core/images/registry-client/reference.ts";
import { toolEnvironment } from "#core/images/tool-environment.ts";
import { plainNetwork } from "#test/plain-network.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testDatabase } from "#test/test-database.ts";
import { describeBaseSource } from "./base-source.ts";

const { signal } = new AbortController();
const debian = (scratchDir: string) => ({
  suite: "bookworm",
  twin: null,
  mmdebstrap: "mmdebstrap",
  scratchDir,
  network: plainNetwork,
  environment: toolEnvironment(process.env),
});

describeBaseSource("Debian packages", (needs, scratchDir) => debianBase(needs, debian(scratchDir)));

describe("an image in a registry", async () => {
  const host = inject("parts").registryHost;
  const client = openRegistryClient({ host });
  const connect = async () => client;
  const repository = `test-${randomBytes(6).toString("hex")}/python`;
  let reference: ImageReference;
  let single: ImageReference;
  afterAll(() => client.close());

  let foreign: ImageReference;

  beforeAll(async () => {
    const [amd64, arm64] = [await pushPythonImage("amd64"), await pushPythonImage("arm64")];
    const index = await pushIndex([
      { digest: arm64, architecture: "arm64" },
      { digest: amd64, architecture: "amd64" },
    ]);
    reference = { host, repository, digest: index };
    single = { host, repository, digest: amd64 };
    foreign = { host, repository, digest: arm64 };
  });

  describeBaseSource("an image, by its index", (needs) => imageBase(needs, { reference, connect, twin: null }));

  it("is the same base by its index and by its platform's manifest, with its layers as they are", async () => {
    const { db } = await testDatabase();
    const needs = { db, blobs: fileBlobStore(join(temporaryFolder(), "artifacts")) };
    const context = { log: () => {}, signal };
    const byIndex = await imageBase(needs, { reference, connect, twin: null }).make(temporaryFolder(), context);
    const byManifest = await imageBase(needs, { reference: single, connect, twin: null }).make(
      temporaryFolder(),
      context,
    );
    expect({ ...byManifest, source: byIndex.source }).toEqual(byIndex);
    expect(byIndex.digest).toBe(single.digest);
    expect(byIndex.source).toBe(`${repository}@${reference.digest}`);
    expect(byIndex.layers.map(({ mediaType }) => mediaType)).toEqual([
      mediaTypes.layerTarGzip,
      mediaTypes.layerTarGzip,
    ]);
    expect(byIndex.environment).toEqual({ PATH: "/opt/python/bin:/usr/bin", GREETING: "a=b" });
  });

  it("is refused where it is not there, or for another platform alone", async () => {
    const { db } = await testDatabase();
    const needs = { db, blobs: fileBlobStore(join(temporaryFolder(), "artifacts")) };
    const make = (digest: ImageReference["digest"]) =>
      imageBase(needs, { reference: { ...reference, digest }, connect, twin: null }).make(temporaryFolder(), {
        log: () => {},
        signal,
      });
    await expect(make(digestOf("nothing"))).rejects.toThrow(/python@sha256:\w+ does not exist/);
    const other = await pushIndex([{ digest: single.digest, architecture: "arm64" }]);
    await expect(make(other)).rejects.toThrow(/has no image for linux\/amd64/);
  });

  it("is made for arm64 of the index's other image, of which nothing is run, and where its Python is the same alone", async () => {
    const { db } = await testDatabase();
    const needs = { db, blobs: fileBlobStore(join(temporaryFolder(), "artifacts")) };
    const context = { log: () => {}, signal };
    const base = await imageBase(needs, { reference, connect, twin: null }).make(temporaryFolder(), context);
    const make = (of: ImageReference, twin: Base) =>
      imageBase(needs, { reference: of, connect, twin: { base: twin, files: async () => "" } }).make(
        temporaryFolder(),
        context,
      );
    const other = await make(reference, base);
    expect(other).toEqual({
      ...base,
      architecture: "arm64",
      digest: foreign.digest,
      layers: expect.anything(),
    });
    expect(other.layers[0]).not.toEqual(base.layers[0]);
    expect(other.layers[1]).toEqual(base.layers[1]);
    const newer = make(reference, { ...base, pythonVersion: "3.11.99" });
    await expect(newer).rejects.toThrow(
      /no image can be made for linux\/arm64: its base .* has Python 3\.11\.\d+ at .*, which prepares it, has Python 3\.11\.99 at /,
    );
    await expect(newer).rejects.toBeInstanceOf(BuildFault);
    await expect(make(single, base)).rejects.toThrow(
      /no image can be made for linux\/arm64: this registry's base .* is for linux\/amd64, not for linux\/arm64; have the operator name an index/,
    );
  });

  /** As images in the wild are: Docker media types, gzip, a layer that takes things away. */
  async function pushPythonImage(architecture: string) {
    const file = join(temporaryFolder(), "root.tar");
    const packages = "python3-minimal,libpython3-stdlib,tzdata";
    const options = ["--variant=extract", `--architectures=${architecture}`, `--include=${packages}`];
    await promisify(execFile)("mmdebstrap", [...options, "bookworm", file]);
    const root = await readFile(file);
    const whiteouts = await tarOf([
      ["usr/share/zoneinfo/.wh.Zulu", ""],
      ["opt/python/bin/python3", { linkTo: "/usr/bin/python3" }],
    ]);
    const layers = await Promise.all(
      [root, whiteouts].map((bytes) => push(gzipSync(bytes, { level: 1 }), mediaTypes.dockerLayerTarGzip)),
    );
    const config = Buffer.from(
      JSON.stringify({
        architecture,
        os: "linux",
        config: { Env: ["PATH=/opt/python/bin:/usr/bin", "GREETING=a=b"], Entrypoint: ["python3"] },
        rootfs: { type: "layers", diff_ids: [digestOf(root), digestOf(whiteouts)] },
      }),
    );
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: await push(config, "application/vnd.docker.container.image.v1+json"),
      layers,
    };
    return pushDocument(document, mediaTypes.dockerManifest);
  }

  async function pushIndex(entries: { digest: ImageReference["digest"]; architecture: string }[]) {
    const manifests = entries.map(({ digest, architecture }) => ({
      mediaType: mediaTypes.dockerManifest,
      digest,
      size: 1,
      platform: { os: "linux", architecture },
    }));
    return pushDocument(
      { schemaVersion: 2, mediaType: mediaTypes.dockerManifestList, manifests },
      mediaTypes.dockerManifestList,
    );
  }

  async function pushDocument(document: object, mediaType: string) {
    const bytes = Buffer.from(JSON.stringify(document));
    await pushManifest(client, repository, digestOf(bytes), { bytes, mediaType }, signal);
    return digestOf(bytes);
  }

  async function push(bytes: Buffer, mediaType: string) {
    const blob = { digest: digestOf(bytes), sizeBytes: bytes.length, open: async () => Readable.from([bytes]) };
    await pushBlob(client, repository, blob, signal);
    return { mediaType, digest: blob.digest, size: blob.sizeBytes };
  }
});

async function tarOf(items: [string, string | { linkTo: string }][]): Promise<Buffer> {
  return buffer(
    tarStream(
      items.map(([path, content]) =>
        typeof content === "string"
          ? {
              type: "file",
              path,
              executable: false,
              sizeBytes: content.length,
              open: async () => [Buffer.from(content)],
            }
          : { type: "symlink", path, target: content.linkTo },
      ),
    ),
  );
}
