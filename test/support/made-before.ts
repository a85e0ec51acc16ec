import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { inject } from "vitest";
import { type Blobs, openBlob, storeBlob } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { Prisma } from "#prisma/client/client.ts";
import { whenDone } from "./when-done.ts";

/*
 * <run folder>/made/<digest>        a layer of a base or a runtime
 *                   <name>.json     what a test file has made of them, when its layers are all there
 */
interface Made {
  bases: Prisma.BaseCreateManyInput[];
  runtimes: Prisma.RuntimeCreateManyInput[];
  wheels: Prisma.WheelLayerCreateManyInput[];
}

/** Spares the tests of a run the bases, runtimes and wheels that an earlier one has made, which takes longer than most of them; what
 *  this one makes is for those after it. For tests of what comes of them, not of how they are made. */
export async function takeMade(needs: Blobs): Promise<void> {
  const folder = join(inject("parts").folder, "made");
  await mkdir(folder, { recursive: true });
  const known = await madeIn(folder);
  for (const digest of layersOf(known)) await storeBlob(needs, createReadStream(join(folder, digest)));
  await needs.db.base.createMany({ data: known.bases, skipDuplicates: true });
  await needs.db.runtime.createMany({ data: known.runtimes, skipDuplicates: true });
  await needs.db.wheelLayer.createMany({ data: known.wheels, skipDuplicates: true });
  whenDone(() => give(needs, folder));
}

async function madeIn(folder: string): Promise<Made> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const all = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as Made),
  );
  return {
    bases: all.flatMap(({ bases }) => bases),
    runtimes: all.flatMap(({ runtimes }) => runtimes),
    wheels: all.flatMap(({ wheels }) => wheels),
  };
}

async function give({ db, blobs }: Blobs, folder: string): Promise<void> {
  const known = await madeIn(folder);
  const made = {
    bases: await db.base.findMany({ where: { source: { notIn: known.bases.map(({ source }) => source) } } }),
    runtimes: await db.runtime.findMany({ where: { key: { notIn: known.runtimes.map(({ key }) => key) } } }),
    wheels: (
      await db.wheelLayer.findMany({
        where: { key: { notIn: known.wheels.map(({ key }) => key) }, layer: { not: Prisma.DbNull } },
      })
    ).map((wheel) => ({ ...wheel, sizeBytes: Number(wheel.sizeBytes) })),
  } as unknown as Made;
  if (made.bases.length + made.runtimes.length === 0) return;
  const name = `${Date.now()}-${process.pid}`;
  for (const digest of layersOf(made)) {
    const file = join(folder, digest);
    if ((await stat(file).catch(() => null)) !== null) continue;
    await pipeline(await openBlob({ db, blobs }, digest), createWriteStream(`${file}.${name}`));
    await rename(`${file}.${name}`, file);
  }
  await writeFile(join(folder, `${name}.new`), JSON.stringify(made));
  await rename(join(folder, `${name}.new`), join(folder, `${name}.json`));
}

/** Each `layers` of a record or a row names its blobs. */
function layersOf({ bases, runtimes, wheels }: Made): Digest[] {
  const records = [...bases.map(({ record }) => record), ...runtimes] as unknown as { layers: { digest: Digest }[] }[];
  const layers = [
    ...records.flatMap(({ layers }) => layers),
    ...wheels.map(({ layer }) => layer as { digest: Digest }),
  ];
  return [...new Set(layers.map(({ digest }) => digest))];
}
