/* DATABASE_URL=… npm run verify-audit [-- --json] [--after 120000] [--head 4711:9f86d0…]: takes the hashes of the audit's chain
   again and names the first row where it does not hold. `--head`, as often as there are any, is what `GET /v1/audit/head` said
   at some time: row and hash. `--after` goes on after a row that an earlier run named. Code 1: it does not hold. */
import { parseArgs } from "node:util";
import { type ChainFault, verifyAudit } from "#core/audit/verify-audit.ts";
import { readDatabaseUrl } from "#core/config.ts";
import { type Database, openDatabase } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { ConfigError } from "#core/settings.ts";

const atOnce = 10_000;

try {
  const { values } = parseArgs({
    options: {
      json: { type: "boolean", default: false },
      after: { type: "string", default: "0" },
      head: { type: "string", multiple: true, default: [] },
    },
  });
  const heads = values.head.map(parseHead);
  if (!/^\d{1,15}$/.test(values.after))
    throw new ConfigError([`--after is "${values.after}": give the number of a row`]);
  const db = openDatabase({ url: readDatabaseUrl(process.env), poolSize: 1 });
  const answer = await verifyAll(db, Number(values.after), heads);
  await db.$disconnect();
  const { verified, last, hash, fault } = answer;
  console.log(
    values.json
      ? JSON.stringify(answer, null, 2)
      : fault === null
        ? `${verified} rows hold; the last is ${last}:${hash}`
        : `row ${fault.sequence}${fault.id === null ? "" : ` (${fault.id})`} ${fault.what}: ${fault.detail}; ${verified} rows before it hold`,
  );
  process.exit(fault === null ? 0 : 1);
} catch (error) {
  const wrong = error instanceof ConfigError;
  console.error(wrong ? error.message : `the audit could not be verified: ${messageOf(error)}`);
  process.exit(wrong ? 2 : 1);
}

interface NotedHead {
  sequence: number;
  hash: string;
}

function parseHead(text: string): NotedHead {
  const [, sequence, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined)
    throw new ConfigError([`--head is "${text}": give a row and its hash, such as 4711:9f86d0…`]);
  return { sequence: Number(sequence), hash };
}

interface Verified {
  verified: number;
  last: number;
  hash: string;
  fault: ChainFault | null;
}

/** In parts that end at a noted head, so that its hash is there to be compared with. */
async function verifyAll(db: Database, from: number, heads: readonly NotedHead[]): Promise<Verified> {
  const coming = [...heads].filter(({ sequence }) => sequence > from).sort((a, b) => a.sequence - b.sequence);
  let verified = 0;
  for (let after = from; ; ) {
    const next = coming[0];
    const limit = Math.min(atOnce, next === undefined ? atOnce : next.sequence - after);
    const part = await verifyAudit(db, { after, limit });
    verified += part.verified;
    const { last, hash } = part;
    if (part.fault !== null) return { verified, last, hash, fault: part.fault };
    for (; coming[0]?.sequence === last; coming.shift())
      if (coming[0].hash !== hash) return { verified, last, hash, fault: otherThanNoted(last) };
    if (part.done) {
      const [missing] = coming;
      return { verified, last, hash, fault: missing === undefined ? null : lostSince(last, missing.sequence) };
    }
    after = last;
  }
}

function otherThanNoted(sequence: number): ChainFault {
  const detail =
    "its hash is another than the one that was noted: it, or a row before it, was changed and all hashes made anew";
  return { sequence, id: null, what: "changed", detail };
}

function lostSince(last: number, noted: number): ChainFault {
  const detail = `the chain ends with row ${last}, and a head was noted at row ${noted}`;
  return { sequence: last + 1, id: null, what: "removed", detail };
}
