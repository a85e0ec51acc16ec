-- Whether an image is in its registry. Those that there are were asked for when they were made.
ALTER TABLE "images" ADD COLUMN "model_name" TEXT,
ADD COLUMN "status" TEXT NOT NULL DEFAULT 'present',
ADD COLUMN "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN "reason" TEXT,
ADD COLUMN "checked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN "freed_bytes" BIGINT;

UPDATE "images" SET "changed_at" = "created_at", "checked_at" = "created_at";

CREATE INDEX "images_checked_idx" ON "images"("checked_at");

-- Which images have a layer.
CREATE INDEX "images_platforms_idx" ON "images" USING GIN ("platforms" jsonb_path_ops);

ALTER TABLE "builds" ADD COLUMN "restores_id" UUID;

ALTER TABLE "builds" ADD CONSTRAINT "builds_restores_fkey" FOREIGN KEY ("restores_id") REFERENCES "images"("id") ON DELETE SET NULL ON UPDATE CASCADE;

CREATE TABLE "retention_rules" (
    "pattern" TEXT COLLATE "C" NOT NULL,
    "keep_last" INTEGER,
    "keep_days" INTEGER,
    "after_tag_days" INTEGER NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_by" TEXT NOT NULL,

    CONSTRAINT "retention_rules_pkey" PRIMARY KEY ("pattern")
);
