import { Prisma } from "#prisma/client/client.ts";

/** True in SQL while a worker holds the work of this kind for this subject: it runs and its lease has not run out. */
export function isHeld(kind: string, subjectId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`
    EXISTS (SELECT 1 FROM work w
            WHERE w.kind = ${kind} AND w.subject_id = ${subjectId} AND w.state = 'running' AND w.lease_until > now())`;
}
