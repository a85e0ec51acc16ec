import canonicalize from "canonicalize";
import type { Blobs } from "#core/artifacts/blobs.ts";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { Prisma } from "#prisma/client/client.ts";
import { referToLayers, type StoredLayer } from "../layers/stored-layer.ts";
import type { LockedRequirement } from "../lock.ts";

/** What a wheel takes when it is laid out, and its layer where it has one of its own. */
export interface KnownWheel {
  sizeBytes: number;
  layer: StoredLayer | null;
}

/** Raised when wheels are laid out in another way, so that old layers are not taken for new ones. */
const layout = 1;

/** Everything that decides the bytes of a wheel's layer: the wheel, what is left out of it, and the Python (`3.11.2`) that
 *  wrote its bytecode. */
export function wheelKey({ sha256 }: LockedRequirement, { python, slim }: { python: string; slim: boolean }): Digest {
  return digestOf(canonicalize({ layout, sha256, python, slim }) ?? "");
}

export async function findWheels({ db }: Pick<Blobs, "db">, keys: readonly Digest[]): Promise<Map<Digest, KnownWheel>> {
  const rows = await db.wheelLayer.findMany({ where: { key: { in: [...keys] } } });
  return new Map(
    rows.map(({ key, sizeBytes, layer }) => [
      key as Digest,
      { sizeBytes: Number(sizeBytes), layer: layer as unknown as StoredLayer | null },
    ]),
  );
}

/** Of two that were made at once either will do: they are the same bytes. */
export async function keepWheels({ db }: Pick<Blobs, "db">, wheels: ReadonlyMap<Digest, KnownWheel>): Promise<void> {
  await db.$transaction(async (tx) => {
    await referToLayers(
      tx,
      [...wheels.values()].flatMap(({ layer }) => layer ?? []),
    );
    for (const [key, { sizeBytes, layer }] of wheels) {
      const kept = layer === null ? Prisma.DbNull : (layer as unknown as Prisma.InputJsonObject);
      await tx.wheelLayer.upsert({
        where: { key },
        create: { key, sizeBytes, layer: kept },
        update: layer === null ? {} : { layer: kept },
      });
    }
  });
}
