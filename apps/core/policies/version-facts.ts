import type { Transaction } from "#core/database/client.ts";
import type { VersionSource } from "#core/federation/source.ts";
import type { ProofRecord } from "#core/models/version.ts";

/** What rules are told of a version: what was sealed with it, and what Slipway and others have found of it. Labels and the
 *  description are not among it: whoever uploads may change them at any time. */
export interface VersionFacts {
  version: string;
  number: number;
  format: string | null;
  sizeBytes: number;
  contentDigest: string;
  imageDigest: string | null;
  createdBy: string;
  source: VersionSource | null;
  /** RFC 3339. */
  sealedAt: string;
  metadata: Record<string, unknown>;
  signature: { inputs: unknown[]; outputs: unknown[] } | null;
  proof: Pick<ProofRecord, "status" | "checked" | "coldStartMs" | "latencyMs" | "memoryBytes" | "tests"> | null;
  /** The newest result of each check; of an image that was built elsewhere those that came after it: nothing says that it is made of
   *  what was checked before. */
  checks: Record<string, { status: "passed" | "failed"; summary: string; data: Record<string, unknown> }>;
}

/** Of sealed versions, by id. */
export async function readFacts(tx: Transaction, ids: readonly string[]): Promise<Map<string, VersionFacts>> {
  const rows = await tx.$queryRaw<(VersionFacts & { id: string })[]>`
    SELECT v.id, v.semver AS version, v.number, v.format, v.size_bytes::float8 AS "sizeBytes",
           v.content_digest AS "contentDigest", i.digest AS "imageDigest", v.created_by AS "createdBy",
           v.source, to_jsonb(v.sealed_at) #>> '{}' AS "sealedAt", v.metadata,
           CASE jsonb_typeof(v.spec->'signature') WHEN 'object' THEN v.spec->'signature' END AS signature,
           CASE WHEN p.id IS NOT NULL THEN jsonb_build_object(
             'status', p.status, 'checked', p.checked, 'coldStartMs', p.cold_start_ms, 'memoryBytes', p.memory_bytes,
             'latencyMs', CASE WHEN p.latency_p50_ms IS NOT NULL
                               THEN jsonb_build_object('p50', p.latency_p50_ms, 'p99', p.latency_p99_ms) END,
             'tests', p.tests - 'log') END AS proof,
           (SELECT coalesce(jsonb_object_agg(c.name, jsonb_build_object('status', c.status, 'summary', c.summary, 'data', c.data)),
                            '{}')
            FROM (SELECT DISTINCT ON (name) name, status, summary, data FROM checks
                  WHERE version_id = v.id AND (i.origin = 'external' AND created_at < i.created_at) IS NOT TRUE
                  ORDER BY name, ordinal DESC) c) AS checks
    FROM versions v LEFT JOIN images i ON i.id = v.image_id
    LEFT JOIN LATERAL (
      SELECT * FROM proofs p WHERE p.image_id = v.image_id ORDER BY p.created_at DESC, p.id DESC LIMIT 1) p ON true
    WHERE v.id = ANY (${[...ids]}::uuid[])`;
  return new Map(rows.map(({ id, ...facts }) => [id, facts]));
}
