import type { Database } from "#core/database/client.ts";
import { isId } from "#core/database/ids.ts";
import { type Claim, holdClaim, StaleClaim } from "#core/work/work.ts";
import { type BuildStatus, buildNotFound } from "./build.ts";

export interface LogLine {
  seq: number;
  at: Date;
  text: string;
}

export interface BuildLog {
  line(text: string): void;
  /** Writes what is left, so that the log is whole before its build ends. Throws `StaleClaim`, or why it could not. */
  close(): Promise<void>;
}

const flushMs = 200;
const lineLength = 4_000;

/** Lines are numbered through all attempts of a build and written in batches under its claim, so a
 *  worker that lost the build adds nothing to its log. */
export function openBuildLog(db: Database, claim: Claim): BuildLog {
  let waiting: { at: Date; text: string }[] = [];
  let writing = Promise.resolve();
  let failure: unknown;

  const flush = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const lines = waiting;
    waiting = [];
    try {
      await db.$transaction(async (tx) => {
        await holdClaim(tx, claim);
        const { _max } = await tx.buildLine.aggregate({ where: { buildId: claim.subjectId }, _max: { seq: true } });
        const first = (_max.seq ?? 0) + 1;
        await tx.buildLine.createMany({
          data: lines.map((line, index) => ({ buildId: claim.subjectId, seq: first + index, ...line })),
        });
      });
    } catch (error) {
      failure = error;
      // The database is away for a moment: the lines are kept for the next flush.
      if (!(error instanceof StaleClaim)) waiting = [...lines, ...waiting];
    }
  };
  const timer = setInterval(() => {
    writing = writing.then(flush);
  }, flushMs);

  return {
    line(text) {
      const clean = text.replaceAll("\u0000", "").toWellFormed();
      for (const part of clean.split(/\r?\n/)) waiting.push({ at: new Date(), text: part.slice(0, lineLength) });
    },
    async close() {
      clearInterval(timer);
      await writing;
      if (!(failure instanceof StaleClaim)) failure = undefined;
      await flush();
      if (failure !== undefined) throw failure;
    },
  };
}

/** The lines after `seq`, at most `limit`, and the build's status as it was before they were read: where
 *  that is a final one and no line is left, the log is complete. Throws `build_not_found`. */
export async function readBuildLog(
  { db }: { db: Database },
  buildId: string,
  after: number,
  limit: number,
): Promise<{ status: BuildStatus; lines: LogLine[] }> {
  const build = isId(buildId) ? await db.build.findUnique({ where: { id: buildId }, select: { status: true } }) : null;
  if (build === null) throw buildNotFound(buildId);
  const lines = await db.buildLine.findMany({
    where: { buildId, seq: { gt: after } },
    orderBy: { seq: "asc" },
    take: limit,
    select: { seq: true, at: true, text: true },
  });
  return { status: build.status as BuildStatus, lines };
}
