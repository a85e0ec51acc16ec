CREATE TABLE "tag_syncs" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "tag" TEXT NOT NULL,
    "registry" TEXT NOT NULL,
    "repository" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "revision" INTEGER,
    "reason" TEXT,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "checked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tag_syncs_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "tag_syncs_model_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "tag_syncs_status_check" CHECK ("status" IN ('pending', 'synced', 'drifted'))
);
CREATE UNIQUE INDEX "tag_syncs_place_key" ON "tag_syncs"("model_id", "tag", "registry", "repository");
CREATE INDEX "tag_syncs_checked_idx" ON "tag_syncs"("checked_at");

-- The tags that are there go to their registries now.
WITH "wanted" AS (
  INSERT INTO "tag_syncs" ("id", "model_id", "tag", "registry", "repository")
  SELECT gen_random_uuid(), t."model_id", t."name", i."registry", i."repository"
  FROM "tags" t JOIN "models" m ON m."id" = t."model_id"
  JOIN "versions" v ON v."id" = t."version_id" JOIN "images" i ON i."id" = v."image_id"
  WHERE m."deleted_at" IS NULL AND i."origin" = 'built'
  RETURNING "id"
)
INSERT INTO "work" ("id", "kind", "subject_id") SELECT gen_random_uuid(), 'tag', "id" FROM "wanted";
