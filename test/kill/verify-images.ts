import { expect } from "vitest";
import { type Digest, digestFrom, digestOf, sha256 } from "#core/artifacts/digest.ts";
import { type Manifest, mediaTypes } from "#core/images/oci.ts";
import { imagePrefix, type KillableInstance } from "./instance.ts";
import { warmModel } from "./warm-instance.ts";

/** Blobs of a registry that were read whole and had the digest that they are kept under. */
const sound = new Set<string>();

/** Asks the registry itself, past every proxy, for each image: the manifest and every layer, byte for byte; and that
 *  the registry's tag of a version is the version's image. */
export async function verifyImages({ db, registry: { host } }: KillableInstance): Promise<void> {
  const versions = await db.version.findMany({
    where: { imageId: { not: null }, model: { name: { not: warmModel } } },
    include: { image: true, model: true },
  });
  for (const { model, semver, image } of versions) {
    const name = `${model.name}:${semver}`;
    const at = `http://${host}/v2/${imagePrefix}/${model.repository}`;
    const manifest = await manifestAt(`${at}/manifests/${image?.digest}`, name);
    expect(digestOf(manifest), name).toBe(image?.digest);
    const { config, layers } = JSON.parse(manifest.toString()) as Manifest;
    for (const { digest } of [config, ...layers]) {
      if (sound.has(`${at} ${digest}`)) continue;
      expect(await digestAt(`${at}/blobs/${digest}`), `${digest} of ${name}`).toBe(digest);
      sound.add(`${at} ${digest}`);
    }
    expect(digestOf(await manifestAt(`${at}/manifests/${semver}`, name)), `${name} in the registry`).toBe(
      image?.digest,
    );
  }
}

async function manifestAt(url: string, name: string): Promise<Buffer> {
  const answer = await fetch(url, { headers: { accept: mediaTypes.manifest } });
  expect(answer.status, `the manifest of ${name}`).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

async function digestAt(url: string): Promise<Digest> {
  const hash = sha256();
  const answer = await fetch(url);
  for await (const chunk of answer.body ?? []) hash.update(chunk);
  return digestFrom(hash);
}
