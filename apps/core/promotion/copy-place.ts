import type { Transaction } from "#core/database/client.ts";
import { placeOf, repositoryOf, takePlaceIn } from "#core/images/registries/image-place.ts";
import { isAt, readRegistry } from "#core/images/registries/registry-record.ts";
import { lockModel } from "#core/models/model.ts";
import type { Registry } from "#core/registry.ts";
import { type Claim, finishWork, holdClaim } from "#core/work/work.ts";
import { requestSync } from "./request-sync.ts";
import type { TagSync } from "./tag-sync.ts";

/** A copy with the repository that it goes to: where the registry's template has the model's images, when it was first asked for,
 *  and for as long as the registry stays at its host. Null where the row was given up for another one, of the same repository:
 *  then its work is ended. Throws `registry_not_found`, `BuildFault`. */
export async function findCopyPlace(
  { db, config }: Pick<Registry, "db" | "config">,
  claim: Claim,
  sync: TagSync,
): Promise<TagSync | null> {
  const registry = await readRegistry({ db, config }, sync.registry);
  if (sync.repository !== "" && isAt(registry, placeOf(sync).host)) return sync;
  const { modelId, modelRepository } = sync;
  const repository = repositoryOf(await takePlaceIn({ db }, registry, { id: modelId, repository: modelRepository }));
  return db.$transaction(async (tx) => {
    await lockModel(tx, modelId);
    await holdClaim(tx, claim);
    if (await giveUpForOther(tx, claim, { ...sync, repository })) return null;
    await tx.tagSync.updateMany({ where: { id: sync.id }, data: { repository } });
    return { ...sync, repository };
  });
}

/** Two rows for one tag of one repository would be two writers. */
async function giveUpForOther(tx: Transaction, claim: Claim, sync: TagSync): Promise<boolean> {
  const { id, modelId, tag, repository } = sync;
  const other = await tx.tagSync.findFirst({ where: { modelId, tag, repository, id: { not: id } } });
  if (other === null) return false;
  if (other.registry !== sync.registry)
    throw new Error(
      `${repository} is where the registry ${other.registry} has the image: the registry ${sync.registry} needs another repository template`,
    );
  const { home } = await tx.tagSync.delete({ where: { id } });
  if (home) await tx.tagSync.update({ where: { id: other.id }, data: { home } });
  await finishWork(tx, claim);
  // The reconciler rings for it.
  await requestSync(tx, { modelId, tag }, sync.versionId);
  return true;
}
