import { knownPythons } from "#core/images/bases/known-pythons.ts";
import type { Offers } from "#core/packaging/offers.ts";
import type { Registry } from "#core/registry.ts";

/** What packages are built on here, as far as it is known before a build. */
export async function offersOf({ db, config }: Pick<Registry, "db" | "config">): Promise<Offers> {
  return { pythons: await knownPythons({ db }, config), hasTorchIndex: config.network.torchIndex !== null };
}
