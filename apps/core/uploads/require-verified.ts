import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";

const mostNamed = 10;

/** Throws `files_verifying` while a worker still reads files of a version; with the version's row locked none is added
 *  meanwhile. */
export async function requireVerified(db: Database | Transaction, versionId: string): Promise<void> {
  const verifying = await db.upload.findMany({
    where: { versionId, state: "verifying" },
    select: { path: true },
    orderBy: { path: "asc" },
  });
  if (verifying.length === 0) return;
  const paths = verifying.map(({ path }) => path);
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : "";
  throw new SlipwayError(
    "files_verifying",
    `what was uploaded is still being verified: ${paths.slice(0, mostNamed).join(", ")}${more}; try again shortly`,
  );
}
