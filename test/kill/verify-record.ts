import { expect } from "vitest";
import { verifyAudit } from "#core/audit/verify-audit.ts";
import type { Database } from "#core/database/client.ts";
import { kindOfAction } from "#core/events/event-kinds.ts";

const list = (texts: readonly string[]) => texts.map((text) => `'${text}'`).join(", ");

/** Each promise about rows as a query that finds whatever breaks it. */
const breaches: Record<string, string> = {
  "a model, version or seal has one audit row": `
    SELECT 'model ' || m.name AS what FROM models m
      WHERE (SELECT count(*) FROM audit a WHERE a.action = 'model.create' AND a.object_id = m.id::text) <> 1
    UNION ALL SELECT 'version ' || v.semver FROM versions v
      WHERE (SELECT count(*) FROM audit a WHERE a.action = 'version.create' AND a.object_id = v.id::text) <> 1
    UNION ALL SELECT 'seal of ' || v.semver FROM versions v
      WHERE (SELECT count(*) FROM audit a WHERE a.action = 'version.seal' AND a.object_id = v.id::text)
            <> (v.sealed_at IS NOT NULL)::int`,
  "no audit row is without its change": `
    SELECT a.action || ' ' || a.object AS what FROM audit a
    WHERE (a.action = 'model.create' AND NOT EXISTS (SELECT FROM models m WHERE m.id::text = a.object_id))
       OR (a.action IN ('version.create', 'version.seal') AND NOT EXISTS (SELECT FROM versions v WHERE v.id::text = a.object_id))
       OR (a.action LIKE 'build.%' AND NOT EXISTS (SELECT FROM builds b WHERE b.id::text = a.object_id))`,
  "a change that is told has one event, and no event is without its change": `
    SELECT a.action || ' ' || a.object AS what FROM audit a LEFT JOIN events e ON e.id = a.id
    WHERE a.action IN (${list(Object.keys(kindOfAction))})
      AND (e.id IS NULL OR e.model IS DISTINCT FROM a.model OR (a.model IS NOT NULL AND e.model_id IS NULL))
    UNION ALL SELECT e.kind || ' ' || e.subject FROM events e LEFT JOIN audit a ON a.id = e.id
    WHERE e.kind IN (${list(Object.values(kindOfAction))}) AND a.id IS NULL`,
  "events and audit are numbered without a gap": `
    SELECT s.name AS what FROM sequences s
    JOIN (SELECT 'events' AS name, count(sequence) AS rows, coalesce(max(sequence), 0) AS last FROM events
          UNION ALL SELECT 'audit', count(sequence), coalesce(max(sequence), 0) FROM audit) n ON n.name = s.name
    WHERE s.last <> n.last OR n.rows <> n.last`,
  "a delivery is of a numbered event, in its place": `
    SELECT d.id::text AS what FROM webhook_deliveries d JOIN events e ON e.id = d.event_id
    WHERE d.sequence IS DISTINCT FROM e.sequence`,
  "a file put by itself was audited as new once, and last with the bytes that it has": `
    SELECT v.semver || '/' || f.path AS what
    FROM version_files f JOIN versions v ON v.id = f.version_id JOIN models m ON m.id = v.model_id
    CROSS JOIN LATERAL (
      SELECT count(*) AS puts, count(*) FILTER (WHERE a.before IS NULL) AS made,
             (array_agg(a.after->>'digest' ORDER BY a.at DESC, a.id DESC))[1] AS last
      FROM audit a
      WHERE a.action = 'file.put' AND a.object_id = v.id::text AND a.object = m.name || ':' || v.semver || '/' || f.path) a
    WHERE a.puts > 0 AND (a.made <> 1 OR a.last <> f.blob_digest)`,
  "a move of a tag has one audit row": `
    SELECT m.name || ':' || t.tag || ' ' || t.revision AS what
    FROM tag_moves t JOIN models m ON m.id = t.model_id
    WHERE (SELECT count(*) FROM audit a
           WHERE a.action IN ('tag.move', 'tag.remove') AND a.object = m.name || ':' || t.tag
             AND (a.after->>'revision')::int = t.revision) <> 1
    UNION ALL SELECT 'audit without move: ' || a.object FROM audit a
    WHERE a.action = 'tag.move' AND NOT EXISTS (
      SELECT FROM tag_moves t JOIN models m ON m.id = t.model_id
      WHERE m.name || ':' || t.tag = a.object AND t.revision = (a.after->>'revision')::int)`,
  "a tag's history is one line from its first revision to where it stands": `
    SELECT t.tag || ' ' || t.revision AS what
    FROM (SELECT *, lag(to_version) OVER line AS before, row_number() OVER line AS place
          FROM tag_moves WINDOW line AS (PARTITION BY model_id, tag ORDER BY revision)) t
    WHERE t.revision <> t.place OR t.from_version IS DISTINCT FROM t.before
    UNION ALL SELECT g.name FROM tags g LEFT JOIN versions v ON v.id = g.version_id
    WHERE (SELECT (m.revision, m.to_version, m.image_digest) FROM tag_moves m
           WHERE m.model_id = g.model_id AND m.tag = g.name ORDER BY m.revision DESC LIMIT 1)
          IS DISTINCT FROM (g.revision, v.semver, g.image_digest)`,
  "a tag points at the image of its version": `
    SELECT g.name AS what FROM tags g JOIN versions v ON v.id = g.version_id LEFT JOIN images i ON i.id = v.image_id
    WHERE i.digest IS DISTINCT FROM g.image_digest`,
  "a build ends once": `
    SELECT b.id::text AS what FROM builds b
    WHERE b.status NOT IN ('succeeded', 'failed', 'cancelled') OR b.finished_at IS NULL
       OR (SELECT count(*) FROM audit a
           WHERE a.object_id = b.id::text AND a.action IN ('build.succeed', 'build.fail', 'build.cancel')) <> 1`,
  "an image belongs to one build that succeeded, and a first build's is its version's": `
    SELECT i.digest AS what FROM images i WHERE (SELECT count(*) FROM builds b WHERE b.image_id = i.id AND b.status = 'succeeded') <> 1
    UNION ALL SELECT b.id::text FROM builds b JOIN versions v ON v.id = b.version_id
    WHERE (b.status = 'succeeded') <> (b.image_id IS NOT NULL)
       OR (b.status = 'succeeded' AND v.image_id IS DISTINCT FROM b.image_id
           AND NOT EXISTS (SELECT FROM builds e WHERE e.version_id = v.id AND e.image_id = v.image_id AND e.created_at < b.created_at))`,
  "a sealed version has a build": `
    SELECT v.semver AS what FROM versions v
    WHERE v.sealed_at IS NOT NULL AND NOT EXISTS (SELECT FROM builds b WHERE b.version_id = v.id)`,
  "the attempt that ended a build is the last that was claimed": `
    SELECT b.id::text AS what FROM builds b JOIN work w ON w.subject_id = b.id
    WHERE b.status IN ('succeeded', 'failed') AND b.attempt <> w.attempt`,
  "a build's log is numbered without a gap": `
    SELECT l.build_id::text AS what FROM build_lines l GROUP BY l.build_id HAVING max(l.seq) <> count(*) OR min(l.seq) <> 1`,
  "a model's versions are numbered without a gap": `
    SELECT m.name AS what FROM models m JOIN versions v ON v.model_id = m.id
    GROUP BY m.id HAVING max(v.number) <> count(*) OR max(v.number) <> m.next_number - 1`,
};

/** Where nothing is being built any more; `unbuilt`: builds may still be waiting for a worker. */
export async function verifyRecord(db: Database, builds: "built" | "unbuilt" = "built"): Promise<void> {
  for (const [promise, query] of Object.entries(breaches)) {
    if (promise === "a build ends once" && builds === "unbuilt") continue;
    const found = await db.$queryRawUnsafe<{ what: string }[]>(query);
    expect(
      found.map(({ what }) => what),
      promise,
    ).toEqual([]);
  }
  const { fault } = await verifyAudit(db, { after: 0, limit: Number.MAX_SAFE_INTEGER });
  expect(fault, "the audit's chain holds").toBeNull();
}
