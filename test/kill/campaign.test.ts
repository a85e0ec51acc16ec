import { afterAll, expect, it } from "vitest";
import { killableInstance } from "./instance.ts";
import { openJournal } from "./journal.ts";
import { allMoments } from "./moments/all.ts";
import { seededRandom } from "./random.ts";
import { playRound } from "./round.ts";
import { killSettings } from "./settings.ts";
import { type PlayedRound, tableOf } from "./table.ts";
import { verifyInstance } from "./verify-instance.ts";
import { warmInstance } from "./warm-instance.ts";

/* Real processes are killed at moments that a seed decides, while pipelines upload, seal and tag; after each round all
 * that was acknowledged and all that is promised is looked for. Each moment comes once before one comes twice. */
const settings = killSettings(process.env);
const { seed } = settings;
const short = { ms: 4_000 };
const rounds = settings.rounds ?? allMoments(short).length;
const outage = rounds > allMoments(short).length ? { ms: 60_000 } : short;
const moments = allMoments(outage);
/** Until a moment has come, and an outage is over. */
const withinMs = 120_000 + outage.ms;
const random = seededRandom(seed);
const order = Array.from({ length: Math.ceil(rounds / moments.length) }, () => random.shuffled(moments)).flat();
const nothingLeft = { bytesWithoutRow: 0, unfinishedParts: 0 };
const models = ["churn", "fraud.scores", "iris"];

const instance = await killableInstance({ warm: await warmInstance() });
const journal = openJournal();
const played: PlayedRound[] = [];

console.log(`the kill suite's seed is ${seed}: npm run test:kill -- --seed ${seed} --rounds ${rounds}`);
afterAll(() => console.log(`seed ${seed}\n${tableOf(played)}`));

// Not by it.each, which shortens what it puts into a name.
for (const [index, { fault, when, packages, strike }] of order.slice(0, rounds).entries()) {
  const round = index + 1;
  const ofRound = random.child();
  it(`seed ${seed}, round ${round}: ${fault}, ${when}`, async () => {
    const startedAt = Date.now();
    const releases = [0, 1].map((place) => ({ model: ofRound.pick(models), version: `${round}.${place}.0` }));
    const came = await playRound(instance, journal, { random: ofRound, packages, strike, releases, withinMs });
    const { bytesWithoutRow, unfinishedParts } = await verifyInstance(instance, journal);
    played.push({ fault, when, came, ms: Date.now() - startedAt, bytesWithoutRow, unfinishedParts });
    expect(came, "the moment came").toBe(true);
    // What a few processes had in hand when they died.
    const { bytesWithoutRow: blobsBefore, unfinishedParts: partsBefore } = played.at(-2) ?? nothingLeft;
    expect(bytesWithoutRow + unfinishedParts).toBeLessThanOrEqual(blobsBefore + partsBefore + 10);
  });
}

it("has kept all of it at the end", () => verifyInstance(instance, { ...journal, readBack: 0 }));
