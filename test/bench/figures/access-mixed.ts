import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Figure } from "../figure.ts";
import { startGuarded } from "../guarded.ts";
import { drafts, expectedOf, isRightToken, type Mix, prepareMix } from "../mix.ts";
import { type PacedAnswer, pacedLoad } from "../paced-load.ts";
import { percentile } from "../percentile.ts";
import { limitRow, type Row, ratioRow } from "../rows.ts";
import type { Slipway } from "../slipway.ts";

/** In all some half of what one API process answers of this mix on two cores. */
const perSecondEach = 2;
const quietly = { connections: 4, perSecondEach, seconds: 40 };
const busily = { connections: drafts, perSecondEach, seconds: 60 };
/** After a lull the database connections are opened anew: that is over before what counts. */
const starting = { ...busily, seconds: 5 };
/** Of the first and the last seconds of those that count: a heap rises and falls by some 40 MiB between collections. */
const memorySeconds = 20;

/** The right tokens stay below it. Wrong ones pass the limit on addresses, which is left as it is set. */
const settings = { SLIPWAY_RATE_LIMIT_TOKEN: "1000000" };

interface Run {
  quiet: PacedAnswer[];
  start: PacedAnswer[];
  busy: PacedAnswer[];
  /** In MiB: the most of the API's process at first and at last. */
  memory: { first: number; last: number };
}

/** Traffic of many kinds on many connections, right and wrong tokens among each other, with limits on. */
export const accessMixed: Figure = {
  name: "access-mixed",
  async measure(bench) {
    const slipway = await startGuarded(bench, join(bench.folder, "access-mixed"), settings);
    try {
      const mix = await prepareMix(slipway);
      await pacedLoad(slipway.url, starting, mix, bench.say); // compiled, caches warm
      const runs: Run[] = [];
      for (let run = 0; run < bench.runs; run++) {
        const measured = await measureOnce(bench, slipway, mix);
        describe(bench, measured);
        runs.push(measured);
      }
      return rowsOf(runs);
    } finally {
      await slipway.stop();
    }
  },
};

async function measureOnce(bench: Bench, slipway: Slipway, mix: Mix): Promise<Run> {
  const quiet = await pacedLoad(slipway.url, quietly, mix, bench.say);
  const start = await pacedLoad(slipway.url, starting, mix, bench.say);
  const [busy, memory] = await Promise.all([pacedLoad(slipway.url, busily, mix, bench.say), memoryMeanwhile(slipway)]);
  for (const status of [401, 429])
    if (!busy.some((answer) => answer.status === status))
      throw new Error(`wrong tokens were never answered ${status}: the limit was not measured`);
  return { quiet, start, busy, memory };
}

async function memoryMeanwhile(slipway: Slipway): Promise<Run["memory"]> {
  const first = await mostMemory(slipway);
  await sleep((busily.seconds - 2 * memorySeconds) * 1_000);
  return { first, last: await mostMemory(slipway) };
}

async function mostMemory(slipway: Slipway): Promise<number> {
  let most = 0;
  for (const end = performance.now() + memorySeconds * 1_000; performance.now() < end; await sleep(250))
    most = Math.max(most, slipway.memory("api").now);
  return most;
}

/** What the table has no room for: how the kinds differ. */
function describe({ say }: Bench, { quiet, start, busy }: Run): void {
  for (const [name, answers] of Object.entries({ quiet, start, busy }))
    for (const kind of new Set(answers.map((answer) => answer.kind))) {
      const own = answers.filter((answer) => answer.kind === kind);
      const statuses = [...new Set(own.map(({ status }) => status ?? "none"))].join(", ");
      const [p50, p99] = [50, 99].map((percent) => percentileOf(own, percent).toFixed(1));
      say(`  ${name}: ${kind}: ${own.length} answers (${statuses}), p50 ${p50} ms, p99 ${p99} ms`);
    }
}

function rowsOf(runs: readonly Run[]): Row[] {
  const counted = (isCounted: (answer: PacedAnswer) => boolean) => ({
    unit: "answers" as const,
    values: runs.map(({ busy }) => busy.filter(isCounted).length),
  });
  const against = (figure: string, isMeant: (answer: PacedAnswer) => boolean, goal: { atMost: number } | null): Row => {
    const p99s = (which: "busy" | "quiet") => runs.map((run) => percentileOf(run[which].filter(isMeant), 99));
    return ratioRow(figure, {
      slipway: { unit: "ms", values: p99s("busy") },
      otherName: `quiet, ${quietly.connections} connections`,
      other: { unit: "ms", values: p99s("quiet") },
      ratio: "slipway / other",
      goal,
    });
  };
  const { connections, seconds } = busily;
  const name = `mixed traffic, ${connections} connections × ${perSecondEach}/s for ${seconds} s`;
  return [
    limitRow(`${name}: 5xx`, counted(isFault), { atMost: 0 }),
    limitRow("timeouts, broken connections, answers not expected", counted(isUnexpected), { atMost: 0 }),
    against("its 99th percentile", () => true, { atMost: 3 }),
    against("that of right tokens alone", isRightToken, null),
    limitRow(
      `memory of the api, most of the last ${memorySeconds} s beyond that of the first`,
      { unit: "MiB", values: runs.map(({ memory }) => memory.last - memory.first) },
      { atMost: 20 },
    ),
    limitRow(
      `memory of the api, most of the last ${memorySeconds} s`,
      { unit: "MiB", values: runs.map(({ memory }) => memory.last) },
      null,
    ),
  ];
}

function isFault({ status }: PacedAnswer): boolean {
  return status !== null && status >= 500;
}

function isUnexpected(answer: PacedAnswer): boolean {
  return !isFault(answer) && (answer.status === null || !expectedOf(answer.kind).includes(answer.status));
}

function percentileOf(answers: readonly PacedAnswer[], percent: number): number {
  return percentile(
    answers.map(({ tookMs }) => tookMs),
    percent,
  );
}
