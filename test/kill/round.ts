import { setTimeout as sleep } from "node:timers/promises";
import { type CiClient, ciClient, type NewRelease, type Sending } from "./ci-client.ts";
import type { Api, KillableInstance, Service } from "./instance.ts";
import type { Journal } from "./journal.ts";
import type { Random } from "./random.ts";

/** One fault at one moment, while pipelines run. */
export interface Round {
  instance: KillableInstance;
  random: Random;
  /** Resolves when a request of these pipelines is at the moment that `at` describes. */
  sending(at: (sending: Sending) => boolean): Promise<Sending>;
  /** Resolves with the worker that has a build of these pipelines. */
  builder(): Promise<Service>;
  apiAt(port: number): Api;
  /** Up to `most` milliseconds. */
  pause(most: number): Promise<void>;
}

export interface Strike {
  random: Random;
  packages: (random: Random) => Record<string, Buffer>;
  /** Makes the fault, and heals what does not heal by itself; resolves when it has struck. */
  strike(round: Round): Promise<void>;
  /** Model and version of each pipeline. */
  releases: readonly { model: string; version: string }[];
  /** A fault that has not struck by then is counted as missed. */
  withinMs: number;
}

/** Runs the pipelines with the fault in their midst, until each of them has what it asked for. True where the moment
 *  came. */
export async function playRound(instance: KillableInstance, journal: Journal, strike: Strike): Promise<boolean> {
  const listeners = new Set<(sending: Sending) => void>();
  const onSending = (sending: Sending): void => {
    for (const listener of listeners) listener(sending);
  };
  const { random } = strike;
  const ports = instance.apis.map(({ port }) => port);
  const late = new AbortController();
  const ofStrike = random.child();
  const round: Round = {
    instance,
    random: ofStrike,
    sending: (at) =>
      new Promise((resolve) => {
        const listener = (sending: Sending): void => {
          if (!at(sending)) return;
          listeners.delete(listener);
          resolve(sending);
        };
        listeners.add(listener);
      }),
    builder: () => builderOf(instance, late.signal),
    apiAt(port) {
      const api = instance.apis.find((candidate) => candidate.port === port);
      if (api === undefined) throw new Error(`no API has the port ${port}`);
      return api;
    },
    pause: (most) => sleep(ofStrike.below(most + 1)),
  };
  const releases = strike.releases.map(
    ({ model, version }): NewRelease => ({
      model,
      version,
      files: strike.packages(random),
      way: random.below(4) === 0 ? "archive" : "files",
    }),
  );
  // Each has its own: how often one tries again depends on time.
  const clients = releases.map(() => ciClient({ ports, journal, random: random.child(), onSending }));
  const striking = Promise.race([
    strike.strike(round).then(() => true),
    sleep(strike.withinMs, false, { signal: late.signal }).catch(() => false),
  ]);
  const [struck] = await Promise.all([
    striking.finally(() => {
      late.abort();
      for (const { postgres } of [...instance.apis, ...instance.workers]) postgres.disarm();
      instance.setFault(null);
      return instance.startAll();
    }),
    ...clients.map((client, index) => pipeline(client, releases[index] as NewRelease)),
  ]);
  return struck;
}

async function pipeline(client: CiClient, release: NewRelease): Promise<void> {
  const { model, version } = release;
  await client.release(release);
  const status = await client.ended(model, version);
  if (status !== "ready") {
    const { json } = await client.get(`/v1/models/${model}/versions/${version}`);
    const build = await client.get(`/v1/builds/${json.build.id}`);
    throw new Error(`${model}:${version} is ${status}: ${JSON.stringify(build.json.error)}`);
  }
  await client.moveTag(model, "stable", version);
  await client.moveTag(model, "prod", version);
}

/** The worker that holds a build, by what it wrote on the row: `host:pid`. */
async function builderOf({ db, workers }: KillableInstance, late: AbortSignal): Promise<Service> {
  for (;;) {
    late.throwIfAborted();
    const held = await db.work.findMany({ where: { state: "running" } });
    const pids = held.map(({ worker }) => Number(worker?.split(":").at(-1)));
    const found = workers.find(({ process }) => pids.includes(process.pid));
    if (found !== undefined) return found;
    await sleep(5);
  }
}
