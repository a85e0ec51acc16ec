import { type CutMoment, fromThe } from "#test/postgres-proxy.ts";
import { randomPackage } from "../packages.ts";
import type { Mortal } from "../process.ts";
import type { Moment } from "./moment.ts";

/** Kills the API, or the worker, that comes to a commit of this number. */
export function atCommitOf(kind: "apis" | "workers", moment: CutMoment): Moment {
  return {
    fault: `kill -9 ${kind === "apis" ? "API" : "worker"}`,
    when: moment === "before" ? "right before a commit" : "between a commit and the news of it",
    packages: randomPackage,
    async strike({ instance, random }) {
      // Of all processes together: two pipelines make no fewer.
      const isDue = fromThe(1 + random.below(4));
      const services = instance[kind];
      const struck = await new Promise<Mortal>((resolve) => {
        for (const { process, postgres } of services)
          postgres.cutAt("commit", moment, isDue, () => {
            process.signal("SIGKILL");
            for (const other of services) other.postgres.disarm();
            resolve(process);
          });
      });
      await struck.kill();
    },
  };
}
