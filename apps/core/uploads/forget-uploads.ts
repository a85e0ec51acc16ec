import type { Registry } from "#core/registry.ts";
import { uploadWork } from "./finish-upload.ts";

const rememberedMs = 7 * 24 * 3_600_000;

/** Of uploads that ended a week ago nobody asks any more how they ended: their files are there, or are not. */
export async function forgetUploads({ db }: Pick<Registry, "db">): Promise<number> {
  return db.$transaction(async (tx) => {
    const gone = await tx.$queryRaw<{ id: string }[]>`
      DELETE FROM uploads WHERE finished_at <= now() - ${rememberedMs}::float8 * interval '1 millisecond' RETURNING id`;
    const subjectId = { in: gone.map(({ id }) => id) };
    await tx.work.deleteMany({ where: { kind: uploadWork, subjectId, state: "done" } });
    return gone.length;
  });
}
