import { inRounds } from "#core/database/in-rounds.ts";
import type { Registry } from "#core/registry.ts";
import { uploadWork } from "./finish-upload.ts";

const rememberedMs = 7 * 24 * 3_600_000;

/** Of uploads that ended a week ago nobody asks any more how they ended: their files are there, or are not. Of their parts
 *  nobody asks from the end on. Returns how many uploads are forgotten. */
export async function forgetUploads({ db }: Pick<Registry, "db">, signal: AbortSignal): Promise<number> {
  await inRounds(
    signal,
    (atOnce) => db.$executeRaw`
      DELETE FROM upload_parts WHERE (upload_id, number) IN (
        SELECT p.upload_id, p.number FROM uploads u JOIN upload_parts p ON p.upload_id = u.id
        WHERE u.finished_at IS NOT NULL LIMIT ${atOnce})`,
  );
  return inRounds(signal, (atOnce) =>
    db.$transaction(async (tx) => {
      const rows = await tx.$queryRaw<{ id: string }[]>`
        DELETE FROM uploads WHERE id IN (
          SELECT id FROM uploads WHERE finished_at <= now() - ${rememberedMs}::float8 * interval '1 millisecond'
          LIMIT ${atOnce})
        RETURNING id`;
      await tx.$executeRaw`
        DELETE FROM work WHERE kind = ${uploadWork} AND state = 'done'
          AND subject_id = ANY (${rows.map(({ id }) => id)}::uuid[])`;
      return rows.length;
    }),
  );
}
