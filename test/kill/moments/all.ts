import { momentsOfTheApi } from "./api.ts";
import type { Moment, Outage } from "./moment.ts";
import { momentsOfPostgres } from "./postgres.ts";
import { momentsOfRedis } from "./redis.ts";
import { momentsOfTheRegistry } from "./registry.ts";
import { momentsOfTheWorker } from "./worker.ts";

export function allMoments(outage: Outage): Moment[] {
  return [
    ...momentsOfTheApi,
    ...momentsOfTheWorker,
    ...momentsOfRedis,
    ...momentsOfPostgres(outage),
    ...momentsOfTheRegistry(outage),
  ];
}
