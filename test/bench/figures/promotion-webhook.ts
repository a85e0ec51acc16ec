import { rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Client } from "pg";
import type { Figure } from "../figure.ts";
import { createModel, draftSmallModel } from "../packages.ts";
import { percentile } from "../percentile.ts";
import { limitRow, type Row } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

const moves = 100;
const warmMoves = 20;
/** Waiting for an endpoint that takes nothing, and models that they are of. */
const waiting = 10_000;
const lanes = 100;
const versions = ["1.0.0", "1.1.0"] as const;
const withinMs = 10_000;

/** From the request that moves a tag to the webhook's arrival, before and while many wait for an endpoint that is dead. */
export const promotionWebhook: Figure = {
  name: "promotion-webhook",
  async measure(bench) {
    const dataDir = join(bench.folder, "promotion-webhook");
    const settings = {
      SLIPWAY_SECRET_KEY: "a secret key of the bench, long enough",
      SLIPWAY_WEBHOOK_NETWORKS: "127.0.0.0/8",
    };
    const slipway = await startSlipway(bench, dataDir, settings);
    const receiver = await openReceiver();
    try {
      await createModel(slipway, "churn");
      for (const version of versions) {
        await draftSmallModel(slipway, "churn", version);
        await sealToReady(slipway, "churn", version);
      }
      await slipway.client.send("POST", "/v1/webhooks", { url: receiver.url, kinds: ["tag.moved"] });
      await deliveredMs(slipway, receiver, warmMoves);
      const alone = await deliveredMs(slipway, receiver, moves);
      await waitForDead(slipway, receiver.deadUrl);
      const beside = await deliveredMs(slipway, receiver, moves);
      return [
        ...rows("a change delivered to a webhook", alone),
        ...rows(`the same while ${waiting} deliveries wait for a dead one`, beside),
      ];
    } finally {
      receiver.close();
      await slipway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

function rows(figure: string, tookMs: readonly number[]): Row[] {
  return [
    limitRow(`${figure}, median`, { unit: "ms", values: [percentile([...tookMs], 50)] }, { atMost: 100 }),
    limitRow("its 99th percentile", { unit: "ms", values: [percentile([...tookMs], 99)] }, { atMost: 500 }),
  ];
}

interface Receiver {
  url: string;
  /** Nothing listens there. */
  deadUrl: string;
  /** When the event of that reason came. */
  arrival(reason: string): Promise<number>;
  close(): void;
}

async function openReceiver(): Promise<Receiver> {
  const arrived = new Map<string, (at: number) => void>();
  const server = createServer(async (request, response) => {
    const at = performance.now();
    const { data } = JSON.parse(await text(request)) as { data: { change: { after: { reason: string } } } };
    arrived.get(data.change.after.reason)?.(at);
    response.writeHead(204).end();
  });
  const dead = createServer();
  const [url, deadUrl] = [await listen(server), await listen(dead)];
  dead.close();
  return {
    url,
    deadUrl,
    arrival: (reason) =>
      new Promise((resolve, reject) => {
        arrived.set(reason, resolve);
        setTimeout(() => reject(new Error(`no event came within ${withinMs} ms`)), withinMs).unref();
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

let moved = 0;

async function deliveredMs(slipway: Slipway, receiver: Receiver, count: number): Promise<number[]> {
  const tookMs: number[] = [];
  for (let move = 0; move < count; move++) {
    const [version, reason] = [versions[moved % versions.length], `move ${moved}`];
    moved += 1;
    const arrival = receiver.arrival(reason);
    const started = performance.now();
    await slipway.client.send("PUT", "/v1/models/churn/tags/prod", { version, reason });
    tookMs.push((await arrival) - started);
  }
  return tookMs;
}

/** As after an hour in which the endpoint was away. */
async function waitForDead(slipway: Slipway, url: string): Promise<void> {
  const { id } = (await slipway.client.send("POST", "/v1/webhooks", { url })) as { id: string };
  const client = new Client({ connectionString: slipway.databaseUrl });
  await client.connect();
  try {
    await client.query(
      `INSERT INTO webhook_deliveries (id, webhook_id, event_id, sequence, lane)
       SELECT gen_random_uuid(), $1, e.id, e.sequence, md5((n % ${lanes})::text)::uuid
       FROM generate_series(1, ${waiting}) n, (SELECT id, sequence FROM events WHERE sequence IS NOT NULL LIMIT 1) e`,
      [id],
    );
    await client.query("UPDATE work SET state = 'queued', run_after = now() WHERE subject_id = $1", [id]);
    await client.query("ANALYZE webhook_deliveries");
  } finally {
    await client.end();
  }
}
