import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { zeroId } from "#core/database/ids.ts";
import type { Registry } from "#core/registry.ts";
import { endWithout } from "./end-upload.ts";
import { lockUpload } from "./upload.ts";

const atOnce = 100;

/** Cancels the uploads whose time is over, one by one, each with its bytes. One to which bytes are just being sent, or
 *  whose bytes are all there, is left. Returns how many. */
export async function expireUploads(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  signal: AbortSignal,
): Promise<number> {
  let expired = 0;
  for (let after = zeroId, full = true; full; ) {
    signal.throwIfAborted();
    const page = await db.$queryRaw<{ id: string }[]>`
      SELECT id FROM uploads
      WHERE state = 'open' AND expires_at <= now() AND (held_until IS NULL OR held_until < now()) AND id > ${after}::uuid
      ORDER BY id LIMIT ${atOnce}`;
    const doomed: BlobKey[] = [];
    for (const { id } of page)
      await db.$transaction(async (tx) => {
        const upload = await lockUpload(tx, id);
        if (upload.status !== "open") return;
        doomed.push(...(await endWithout(tx, upload, { status: "cancelled" })));
        expired += 1;
      });
    await removeDoomed({ db, blobs }, doomed);
    after = page.at(-1)?.id ?? after;
    full = page.length === atOnce;
  }
  return expired;
}
