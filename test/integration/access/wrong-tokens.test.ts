import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { openAuthenticator } from "#core/access/authenticate.ts";
import { newToken } from "#core/access/token.ts";
import { isSlipwayError } from "#core/errors.ts";
import { guardedService } from "#test/access.ts";
import { waitUntil } from "#test/wait-until.ts";
import { median } from "../../bench/rows.ts";

const service = await guardedService();
const { db } = service.registry;
const address = "127.0.0.1";

/** A statement outside of a transaction is one of its own. */
async function transactions(): Promise<number> {
  await db.$executeRaw`SELECT pg_stat_force_next_flush()`;
  const [row] = await db.$queryRaw<[{ count: bigint }]>`
    SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()`;
  return Number(row.count);
}

it("a hundred thousand wrong tokens hardly touch the database, and do not hold up the right one", async () => {
  const { authenticate } = openAuthenticator(service.registry);
  const right = await service.identity("right", [{ role: "reader", pattern: "*" }]);
  await authenticate(right.token, address);
  // Half have the form of one: their checksum is right.
  const wrong = Array.from({ length: 100_000 }, (_, index) =>
    index % 2 === 0 ? newToken("token") : `slpw_${String(index).padStart(38, "0")}`,
  );
  const took: number[] = [];
  let refused = 0;
  const before = await transactions();
  const start = performance.now();
  for (let from = 0; from < wrong.length; from += 2_000) {
    const wave = wrong.slice(from, from + 2_000).map(async (token) => {
      const error: unknown = await authenticate(token, address).catch((thrown: unknown) => thrown);
      if (isSlipwayError(error, "unauthenticated")) refused += 1;
    });
    const at = performance.now();
    expect((await authenticate(right.token, address)).name).toBe("right");
    took.push(performance.now() - at);
    await Promise.all(wave);
  }
  const seconds = (performance.now() - start) / 1_000;
  const asked = (await transactions()) - before;
  console.log(
    `100,000 refused in ${seconds.toFixed(1)} s with ${asked} statements; the right one took ${median(took).toFixed(2)} ms`,
  );
  expect(refused).toBe(100_000);
  // A question every 25 ms at most, however many ask.
  expect(asked).toBeLessThan(seconds * 40 + 20);
  expect(Math.min(...took)).toBeLessThan(50); // a busy machine holds up many of them
});

it("a token that was made a moment ago, by another process, is known", async () => {
  const other = openAuthenticator(service.registry);
  await expect(other.authenticate(newToken("token"), address)).rejects.toThrow("show a token that is valid here");
  for (let made = 0; made < 20; made += 1) {
    const { token, name } = await service.identity(`fresh-${made}`, []);
    expect((await other.authenticate(token, address)).name).toBe(name);
  }
});

it("changes that commit out of order are all seen", async () => {
  const { authenticate } = openAuthenticator(service.registry);
  const known = await Promise.all(Array.from({ length: 20 }, (_, index) => service.identity(`ordered-${index}`, [])));
  const statusOf = async (token: string) =>
    authenticate(token, address).then(
      () => "known",
      () => "refused",
    );
  expect(new Set(await Promise.all(known.map(({ token }) => statusOf(token))))).toEqual(new Set(["known"]));
  await Promise.all([
    ...known.map(({ name, tokenId }) => service.admin("DELETE", `/v1/identities/${name}/tokens/${tokenId}`)),
    ...Array.from({ length: 40 }, () => Promise.all(known.map(({ token }) => statusOf(token)))),
  ]);
  const statuses = () => Promise.all(known.map(({ token }) => statusOf(token)));
  await waitUntil("all are refused", async () => (await statuses()).every((status) => status === "refused"));
  await sleep(100);
  expect(new Set(await statuses())).toEqual(new Set(["refused"]));
});
