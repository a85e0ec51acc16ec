import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Prisma } from "#prisma/client/client.ts";
import type { BuildContext } from "../image-builder.ts";
import { referToLayers } from "../layers/stored-layer.ts";
import { withScratchFolder } from "../scratch-folder.ts";
import { shareWork } from "../shared-work.ts";
import type { Base, BaseSource } from "./base-source.ts";
import { exists } from "./exists.ts";
import { unpackLayers } from "./unpack-layers.ts";

export interface BaseNeeds extends Blobs {
  cacheDir: string;
}

/** This instance's base and its files; of one for another architecture nothing is run, and no files are kept:
 *
 *    table bases                           source → record; layers are blobs
 *    <cacheDir>/bases/sha256-<digest>/     the files, laid out to run the base's Python; made again where they are gone
 *    <cacheDir>/bases/slipway-base-…/      being laid out, or left by a crash
 */
export interface InstanceBase {
  /** Found, or made once. Layers first, row second; of two made at once the first row stays. */
  ensure(context: BuildContext): Promise<Base>;
  /** The folder with the base's files. */
  files(base: Base, context: BuildContext): Promise<string>;
}

export function instanceBase(needs: BaseNeeds, source: BaseSource): InstanceBase {
  const shareBase = shareWork<Base>();
  const shareFiles = shareWork<string>();
  return {
    ensure: (context) =>
      shareBase(source.name, context, async (shared) => {
        const known = await findBase(needs, source);
        if (known !== null) return known;
        return inNewFolder(needs.cacheDir, async (folder) => {
          const made = await source.make(folder, shared);
          await needs.db.$transaction(async (tx) => {
            await referToLayers(tx, made.layers);
            await tx.base.createMany({
              data: [{ source: source.name, record: made as unknown as Prisma.InputJsonObject }],
              skipDuplicates: true,
            });
          });
          const base = (await findBase(needs, source)) ?? made;
          if (base.digest === made.digest && base.architecture === "amd64")
            await moveIntoPlace(folder, placeOf(needs.cacheDir, base));
          return base;
        });
      }),
    files: (base, context) => {
      const place = placeOf(needs.cacheDir, base);
      return shareFiles(place, context, async ({ signal }) => {
        if (await exists(place)) return place;
        return inNewFolder(needs.cacheDir, async (folder) => {
          await unpackLayers(needs, base.layers, folder, signal);
          await moveIntoPlace(folder, place);
          return place;
        });
      });
    },
  };
}

function placeOf(cacheDir: string, base: Base): string {
  return join(basesDir(cacheDir), base.digest.replace(":", "-"));
}

/** Where bases are laid out. */
export function basesDir(cacheDir: string): string {
  return join(cacheDir, "bases");
}

/** A folder on the same file system as the place that it may be moved to. */
function inNewFolder<T>(cacheDir: string, work: (folder: string) => Promise<T>): Promise<T> {
  return withScratchFolder(basesDir(cacheDir), "base", work);
}

async function moveIntoPlace(folder: string, place: string): Promise<void> {
  await rename(folder, place).catch(async (error: unknown) => {
    // Another process of this machine was first.
    if (!(await exists(place))) throw error;
  });
}

async function findBase({ db }: Pick<Blobs, "db">, source: BaseSource): Promise<Base | null> {
  const row = await db.base.findUnique({ where: { source: source.name } });
  return row === null ? null : (row.record as unknown as Base);
}
