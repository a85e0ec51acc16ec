-- What was a tag at a time is the last move before it.
CREATE INDEX "tag_moves_time_idx" ON "tag_moves"("model_id", "tag", "moved_at" DESC, "revision" DESC);
-- All models by name, those too that were deleted.
CREATE INDEX "models_name_idx" ON "models"("name", "id");

-- Tags that follow versions by rule, of the versions that are there: promotion/floating-tags.ts. A tag that somebody has given such
-- a name stays as it is until a version moves it.
WITH "ready" AS (
  SELECT v."model_id", v."id", v."semver", v."semver_key", i."digest"
  FROM "versions" v JOIN "models" m ON m."id" = v."model_id" JOIN "images" i ON i."id" = v."image_id"
  WHERE m."deleted_at" IS NULL AND v."deleted_at" IS NULL AND v."archived_at" IS NULL AND i."status" = 'present'
), "named" AS (
  SELECT r.*, n."tag" FROM "ready" r CROSS JOIN LATERAL (VALUES
    ('latest'), (split_part(r."semver", '.', 1)), (split_part(r."semver", '.', 1) || '.' || split_part(r."semver", '.', 2))) n("tag")
  WHERE r."semver_key" LIKE '%~'
  UNION ALL
  SELECT r.*, 'latest-' || lower(substr(split_part(r."semver_key", '!', 2), 2)) FROM "ready" r
  WHERE split_part(r."semver_key", '!', 2) LIKE '=%'
), "highest" AS (
  SELECT DISTINCT ON ("model_id", "tag") * FROM "named" WHERE length("tag") <= 128
  ORDER BY "model_id", "tag", "semver_key" DESC
), "set" AS (
  INSERT INTO "tags" ("model_id", "name", "version_id", "image_digest", "revision", "moved_at", "moved_by", "reason")
  SELECT "model_id", "tag", "id", "digest", 1, now(), 'slipway', 'by rule: ' || "semver" || ' is the highest' FROM "highest"
  ON CONFLICT ("model_id", "name") DO NOTHING
  RETURNING *
)
INSERT INTO "tag_moves" ("model_id", "tag", "revision", "to_version", "image_digest", "moved_at", "moved_by", "reason")
SELECT s."model_id", s."name", 1, v."semver", s."image_digest", s."moved_at", s."moved_by", s."reason"
FROM "set" s JOIN "versions" v ON v."id" = s."version_id";
