import { expect } from "vitest";
import { storedObjects } from "./stored-objects.ts";
import type { TestService } from "./test-service.ts";
import { waitUntil } from "./wait-until.ts";

/** What an answer has in common, whether it came by a client or over a bare socket. */
interface Refusal {
  status: number;
  headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails where it is not there
  json: any;
}

/** Sends something that is to be refused and looks at all that follows: the status, a problem with a sentence for a
 *  person, no row and no file more or less than before, and a service that goes on. */
export async function expectRefused<Answer extends Refusal>(
  service: TestService,
  status: number,
  act: () => Promise<Answer | undefined>,
): Promise<Answer> {
  const before = await kept(service);
  const answer = await act();
  if (answer === undefined) throw new Error("there was no answer");
  expect([answer.status, answer.json?.detail]).toEqual([status, expect.any(String)]);
  expectProblem(answer);
  await expectNothingChanged(service, before);
  return answer;
}

/** RFC 9457, in words that say something and give nothing away. */
export function expectProblem({ status, headers, json }: Refusal): void {
  expect(headers["content-type"]).toContain("application/problem+json");
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(json).toMatchObject({ status, type: expect.stringMatching(/^\/problems\/[a-z_]+$/) });
  for (const sentence of [json.detail, ...(json.errors ?? []).map(({ message }: { message: string }) => message)]) {
    expect(sentence).toMatch(/\S+ \S+/);
    expect(sentence.length).toBeLessThan(900);
    expect(sentence).not.toMatch(insides);
  }
}

/** Stack traces, statements, paths of this machine, regular expressions, JavaScript's names for nothing. */
const insides =
  /\bat .+:\d+|node_modules|\.ts\b|SELECT |INSERT |prisma|postgres|\/tmp\/|\(\?:|\[a-z|\[0-9|\^\[|\bundefined\b|\bNaN\b|\[object|Error:|ERR_|HPE_|FST_/;

/** A look at everything that is kept. */
export async function kept({ registry }: TestService): Promise<Kept> {
  const rows = await registry.db.$queryRaw<Record<string, number>[]>`
    SELECT (SELECT count(*)::int FROM models) AS models, (SELECT count(*)::int FROM versions) AS versions,
           (SELECT count(*)::int FROM version_files) AS "versionFiles", (SELECT count(*)::int FROM blobs) AS blobs,
           (SELECT count(*)::int FROM uploads) AS uploads,
           (SELECT count(*)::int FROM builds) AS builds, (SELECT count(*)::int FROM work) AS work,
           (SELECT count(*)::int FROM tags) AS tags, (SELECT count(*)::int FROM tag_moves) AS moves,
           (SELECT count(*)::int FROM audit) AS audit, (SELECT count(*)::int FROM idempotency_keys) AS keys`;
  return { rows: rows[0] ?? {}, files: await storedObjects(registry) };
}

export interface Kept {
  rows: Record<string, number>;
  files: string[];
}

/** At once or, where a client left without waiting for an answer, in a moment; and the next requests are served. */
export async function expectNothingChanged(service: TestService, before: Kept): Promise<void> {
  const same = async () => JSON.stringify(await kept(service)) === JSON.stringify(before);
  await waitUntil("what was kept is as before", same).catch(async () => {
    expect(await kept(service)).toEqual(before);
  });
  expect((await service.call("GET", "/healthz")).status).toBe(200);
  expect((await service.call("GET", "/v1/models?limit=1")).status).toBe(200);
}
