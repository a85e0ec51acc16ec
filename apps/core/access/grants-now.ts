import type { Transaction } from "#core/database/client.ts";
import { everything, type Grant, type Grants } from "./roles.ts";

/** What people are granted by now, by hand and by the groups of their last sign-in; nothing where they are disabled. Whoever is no
 *  identity has come with the token of the settings, or with access off. */
export async function grantsNow(tx: Transaction, names: readonly string[]): Promise<(name: string) => Grants> {
  const rows = await tx.identity.findMany({
    where: { name: { in: [...names] } },
    select: { name: true, grants: true, groupGrants: true, disabledAt: true },
  });
  const known = new Map(
    rows.map(({ name, grants, groupGrants, disabledAt }) => {
      const all = [grants, groupGrants] as unknown as Grant[][];
      return [name, disabledAt === null ? [all.flat()] : []];
    }),
  );
  return (name) => known.get(name) ?? everything;
}
