import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { openDatabase } from "#core/database/client.ts";
import { ready, sealed, tagged } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { whenDone } from "#test/when-done.ts";

/*
 * Fifty clients move one tag at once, from the revision that each has read, or to versions that may not have it; and a
 * hundred times a second somebody looks what it points at.
 */
const service = await testService();
const { call, registry } = service;
const { db, config } = registry;
testWorker(
  registry,
  smallImageBuilder(async (_, { version }) => {
    if (version === "9.0.0") throw new Error("this one is never built");
  }),
);

// Clients wait in line for the connections of the service.
const onlooker = openDatabase({ url: config.database.url, poolSize: 1 });
whenDone(() => onlooker.$disconnect());
const clients = 50;
const movesOfEach = 8;
const leastLooks = 100;
const tag = "/v1/models/churn/tags/prod";

interface Look {
  version: string;
  status: string | null;
  sameDigest: boolean;
  gate: string | null;
}

it("is one line of moves, and never points at what may not have it", async () => {
  for (const version of ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]) await ready(service, "churn", version);
  await sealed(service, "churn", "9.0.0");
  await call("PUT", "/v1/policies/churn/prod", { json: { checks: ["gate"] } });
  const post = (version: string, status: string) =>
    call("POST", `/v1/models/churn/versions/${version}/checks`, { json: { name: "gate", status } });
  for (const version of ["1.0.0", "1.1.0", "1.2.0"]) await post(version, "passed");
  await post("1.3.0", "failed");
  await call("PUT", tag, { json: { version: "1.0.0" } });

  const looks: Look[] = [];
  const looking = new AbortController();
  const look = async (): Promise<void> => {
    while (!looking.signal.aborted) {
      const [seen] = await onlooker.$queryRaw<Look[]>`
        SELECT v.semver AS version, i.status, i.digest = t.image_digest AS "sameDigest",
               (SELECT c.status FROM checks c WHERE c.version_id = v.id ORDER BY c.ordinal DESC LIMIT 1) AS gate
        FROM tags t JOIN models m ON m.id = t.model_id LEFT JOIN versions v ON v.id = t.version_id
        LEFT JOIN images i ON i.id = v.image_id WHERE m.name = 'churn' AND t.name = 'prod'`;
      if (seen !== undefined) looks.push(seen);
      await sleep(10);
    }
  };
  const outcomes: Record<number, number> = {};
  const won: { named: number; revision: number }[] = [];
  const client = async (index: number): Promise<void> => {
    for (let move = 0; move < movesOfEach || looks.length <= leastLooks; ) {
      const { revision } = (await call("GET", tag)).json;
      const version = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "9.0.0"][(index + move) % 5] ?? "";
      // What may not have it comes from any revision.
      const headers = version > "1.2.0" ? {} : { "if-match": `"${revision}"` };
      const { status, json } = await call("PUT", tag, { json: { version }, headers });
      outcomes[status] = (outcomes[status] ?? 0) + 1;
      if (status === 200 && json.revision !== revision) won.push({ named: revision, revision: json.revision });
      if (status !== 503) move += 1; // the database is busy: again
    }
  };
  const watching = look();
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  looking.abort();
  await watching;

  expect(won.length).toBeGreaterThan(0);
  expect(won.filter(({ named, revision }) => revision !== named + 1)).toEqual([]);
  const moves = await db.tagMove.findMany({ where: { tag: "prod" }, orderBy: { revision: "asc" } });
  expect(moves.map(({ revision }) => revision)).toEqual([
    1,
    ...won.map(({ revision }) => revision).sort((a, b) => a - b),
  ]);
  for (const [index, { fromVersion }] of moves.entries()) expect(fromVersion).toBe(moves[index - 1]?.toVersion ?? null);
  expect(Object.keys(outcomes).every((status) => ["200", "403", "409", "412", "503"].includes(status))).toBe(true);
  expect(outcomes[403]).toBeGreaterThan(0);
  expect(outcomes[409]).toBeGreaterThan(0);

  expect(looks.length).toBeGreaterThan(leastLooks);
  expect(
    looks.filter(({ status, sameDigest, gate }) => status !== "present" || !sameDigest || gate !== "passed"),
  ).toEqual([]);

  await tagged(service, "churn");
  const [repository] = await db.imageRepository.findMany();
  const url = `http://${config.registry.host}/v2/${repository?.path}/manifests/prod`;
  const answer = await fetch(url, {
    method: "HEAD",
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  expect(answer.headers.get("docker-content-digest")).toBe(moves.at(-1)?.imageDigest);
});
