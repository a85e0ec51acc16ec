import { newId } from "#core/database/ids.ts";
import { messageOf, SlipwayError } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";

/** A hold whose process has died ends by itself so soon. */
const holdMs = 15_000;

/** Of whoever sends bytes of an upload, or makes one object of them: one at a time. */
export interface UploadHold {
  /** In the row while it is held; what is written under it names it. */
  id: string;
  /** Aborts when another has taken it, or may have: this process was silent for too long, or could not extend it. */
  signal: AbortSignal;
}

/** Throws `upload_busy` while another holds it. Where one has held it that did not let go the row says so from then on. */
export async function withHold<T>(
  { db, log }: Pick<Registry, "db" | "log">,
  uploadId: string,
  work: (hold: UploadHold) => Promise<T>,
): Promise<T> {
  const id = newId();
  const lost = new AbortController();
  const lose = () => lost.abort(uploadBusy());
  let askedAt = performance.now();
  const taken = await db.$executeRaw`
    UPDATE uploads SET held_by = ${id}::uuid, held_until = now() + ${holdMs} * interval '1 millisecond',
                       taken_over = taken_over OR held_by IS NOT NULL
    WHERE id = ${uploadId}::uuid AND (held_until IS NULL OR held_until < now())`;
  if (taken === 0) throw uploadBusy();
  // Another may have it from then on, whatever the database would say.
  const end = () => setTimeout(lose, Math.max(0, askedAt + holdMs - performance.now())).unref();
  let ending = end();
  const extend = async () => {
    const askingAt = performance.now();
    const extended = await db.$executeRaw`
      UPDATE uploads SET held_until = now() + ${holdMs} * interval '1 millisecond'
      WHERE id = ${uploadId}::uuid AND held_by = ${id}::uuid`;
    if (extended === 0) return lose();
    askedAt = askingAt;
    clearTimeout(ending);
    ending = end();
  };
  const warn = (what: string) => (error: unknown) => log.warn({ uploadId, error: messageOf(error) }, what);
  const heart = setInterval(() => void extend().catch(warn("the hold of an upload was not extended")), holdMs / 4);
  try {
    return await work({ id, signal: lost.signal });
  } finally {
    clearInterval(heart);
    clearTimeout(ending);
    await db.$executeRaw`
      UPDATE uploads SET held_by = NULL, held_until = NULL
      WHERE id = ${uploadId}::uuid AND held_by = ${id}::uuid`.catch(warn("an upload was not let go"));
  }
}

function uploadBusy(): SlipwayError {
  return new SlipwayError(
    "upload_busy",
    "another request works on this upload, or was cut off a moment ago; try again shortly",
  );
}
