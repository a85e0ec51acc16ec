import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { expect } from "vitest";
import type { BlobKey, BlobStore, UnfinishedParts } from "#core/artifacts/blob-store.ts";
import type { TestService } from "./test-service.ts";

/** What a client knows of the files that it sent to a draft. */
export interface Sent {
  /** Path → SHA-256 in hex. */
  acknowledged: Map<string, string>;
  /** Paths of those that may be there or not: the client left before it had an answer. */
  unanswered: Set<string>;
}

/** Holds what a draft shows against what was acknowledged, and against the bytes that the store has, read past whatever
 *  stands between it and the service. What no row names is removed, as the collector does, and fails the test where it
 *  may not be there. */
export async function expectHonest(
  { call, registry: { db } }: TestService,
  store: BlobStore,
  version: string,
  { acknowledged, unanswered }: Sent,
  mayLeave: "nothing" | "parts" | "parts and objects" = "nothing",
): Promise<void> {
  const shown = new Map<string, string>();
  for (let cursor = ""; ; ) {
    const { status, json } = await call("GET", `${version}/files?limit=100${cursor}`);
    expect(status).toBe(200);
    for (const { path, digest } of json.items) if (!unanswered.has(path)) shown.set(path, digest);
    if (json.nextCursor === null) break;
    cursor = `&cursor=${json.nextCursor}`;
  }
  expect(shown).toEqual(new Map([...acknowledged].map(([path, hex]) => [path, `sha256:${hex}`])));
  const blobs = await db.blob.findMany({ select: { key: true, digest: true } });
  for (const { key, digest } of blobs) {
    const hash = createHash("sha256");
    await pipeline(await store.open(key as BlobKey), hash);
    expect(`sha256:${hash.digest("hex")}`).toBe(digest);
  }
  const named = new Set(blobs.map(({ key }) => key));
  const objects: BlobKey[] = [];
  for await (const page of store.list()) objects.push(...page.map(({ key }) => key).filter((key) => !named.has(key)));
  const parts: UnfinishedParts[] = [];
  for await (const page of store.parts.unfinished()) parts.push(...page);
  for (const key of objects) await store.remove(key);
  for (const { key, id } of parts) await store.parts.abort(key, id);
  if (mayLeave !== "parts and objects") expect(objects).toEqual([]);
  if (mayLeave === "nothing") expect(parts).toEqual([]);
}
