import { recordAudit } from "#core/audit/record-audit.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { withdrawWork } from "#core/work/work.ts";
import { type Build, buildWork, isFinished, readBuild } from "./build.ts";

/** Takes the work away from whoever has it: a worker that runs it finds out with its next write or
 *  heartbeat, stops, and leaves no result. Its version stays sealed. Cancelling twice is no error.
 *  Throws `build_not_found`, `build_finished`. */
export async function cancelBuild(
  { db }: Pick<Registry, "db">,
  id: string,
  actor: Actor,
  remember: Remember<Build> = forget,
): Promise<Build> {
  const { model, version } = await readBuild({ db }, id);
  return db.$transaction(async (tx) => {
    // The same order of locks as every writer of a build: its work row first.
    await tx.$queryRaw`SELECT 1 FROM work WHERE kind = ${buildWork} AND subject_id = ${id}::uuid FOR UPDATE`;
    const { status } = await readBuild({ db: tx }, id);
    if (isFinished(status) && status !== "cancelled")
      throw new SlipwayError("build_finished", `this build has ${status} already; there is nothing to cancel`);
    if (status !== "cancelled") {
      await withdrawWork(tx, { kind: buildWork, subjectId: id });
      await tx.build.update({ where: { id }, data: { status: "cancelled", finishedAt: new Date() } });
      await recordAudit(tx, actor, {
        action: "build.cancel",
        object: `${model}:${version}`,
        objectId: id,
        model,
        before: { status },
        after: { status: "cancelled" },
      });
    }
    const build = await readBuild({ db: tx }, id);
    await remember(tx, build);
    return build;
  });
}
