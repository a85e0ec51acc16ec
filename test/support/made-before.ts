import { copyFile, link, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import type { Blobs } from "#core/artifacts/blobs.ts";
import { Prisma } from "#prisma/client/client.ts";
import { whenDone } from "./when-done.ts";

/*
 * <folder>/blobs/ab/ab12…   a layer of a base, a runtime or a wheel, under the key that its maker gave it
 *          <name>.json      what a test file has made of them, when its layers are all there
 *          cache/           wheels as they were fetched, and bases laid out: SLIPWAY_CACHE_DIR of all
 */
interface Made {
  blobs: { digest: string; key: string; sizeBytes: number }[];
  bases: Prisma.BaseCreateManyInput[];
  runtimes: Prisma.RuntimeCreateManyInput[];
  wheels: Prisma.WheelLayerCreateManyInput[];
}

/** A store of files, and its rows. */
export interface Instance extends Pick<Blobs, "db"> {
  artifactsDir: string;
}

/** The cache of an instance that begins with what was made before. */
export function sharedCache(): string {
  return join(inject("madeFolder"), "cache");
}

/** For tests of what comes of bases, runtimes and wheels, not of how they are made: what an earlier test file has made is
 *  there, and what this one makes is for those after it. */
export async function takeMade(instance: Instance): Promise<void> {
  await take(instance, await madeIn(inject("madeFolder")));
  whenDone(() => giveMade(instance));
}

/** The same with this base, and nothing that stands on it. */
export async function takeBase(instance: Instance, source = "debian:bookworm"): Promise<void> {
  const known = await madeIn(inject("madeFolder"));
  const bases = known.bases.filter((base) => base.source === source);
  const alone = { bases, runtimes: [], wheels: [] };
  const digests = layersOf(alone);
  await take(instance, { ...alone, blobs: known.blobs.filter(({ digest }) => digests.includes(digest)) });
}

/** Bytes never change under a key, so files are shared by link. The instance has made nothing yet. */
async function take({ db, artifactsDir }: Instance, known: Made): Promise<void> {
  for (const { key } of known.blobs) await share(placeOf(key), blobIn(artifactsDir, key));
  await db.blob.createMany({ data: known.blobs, skipDuplicates: true });
  await db.base.createMany({ data: known.bases, skipDuplicates: true });
  await db.runtime.createMany({ data: known.runtimes, skipDuplicates: true });
  await db.wheelLayer.createMany({ data: known.wheels, skipDuplicates: true });
}

/** What is not there yet of what this instance has made. Layers first, their list second. */
export async function giveMade({ db, artifactsDir }: Instance): Promise<void> {
  const folder = inject("madeFolder");
  const known = await madeIn(folder);
  const made = {
    bases: await db.base.findMany({ where: { source: { notIn: known.bases.map(({ source }) => source) } } }),
    runtimes: await db.runtime.findMany({ where: { key: { notIn: known.runtimes.map(({ key }) => key) } } }),
    wheels: (
      await db.wheelLayer.findMany({
        where: { key: { notIn: known.wheels.map(({ key }) => key) }, layer: { not: Prisma.DbNull } },
      })
    ).map((wheel) => ({ ...wheel, sizeBytes: Number(wheel.sizeBytes) })),
  } as unknown as Omit<Made, "blobs">;
  if (made.bases.length + made.runtimes.length === 0) return;
  const digests = { notIn: known.blobs.map(({ digest }) => digest), in: layersOf(made) };
  const rows = await db.blob.findMany({ where: { digest: digests } });
  const blobs = rows.map(({ digest, key, sizeBytes }) => ({ digest, key, sizeBytes: Number(sizeBytes) }));
  for (const { key } of blobs) await share(blobIn(artifactsDir, key), placeOf(key));
  const name = join(folder, `${Date.now()}-${process.pid}`);
  await writeFile(`${name}.new`, JSON.stringify({ blobs, ...made }));
  await rename(`${name}.new`, `${name}.json`);
}

async function madeIn(folder: string): Promise<Made> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const all = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as Made),
  );
  return {
    blobs: [...new Map(all.flatMap(({ blobs }) => blobs.map((blob) => [blob.digest, blob] as const))).values()],
    bases: all.flatMap(({ bases }) => bases),
    runtimes: all.flatMap(({ runtimes }) => runtimes),
    wheels: all.flatMap(({ wheels }) => wheels),
  };
}

/** Each `layers` of a record or a row names its blobs. */
function layersOf({ bases, runtimes, wheels }: Omit<Made, "blobs">): string[] {
  const records = [...bases.map(({ record }) => record), ...runtimes] as unknown as { layers: { digest: string }[] }[];
  const layers = [
    ...records.flatMap(({ layers }) => layers),
    ...wheels.map(({ layer }) => layer as { digest: string }),
  ];
  return [...new Set(layers.map(({ digest }) => digest))];
}

function placeOf(key: string): string {
  return blobIn(join(inject("madeFolder"), "blobs"), key);
}

/** As core/artifacts/file-blob-store.ts draws it. */
function blobIn(folder: string, key: string): string {
  return join(folder, key.slice(0, 2), key);
}

async function share(file: string, place: string): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  await link(file, place).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EXDEV") throw error;
    return copyFile(file, place);
  });
}
