CREATE TABLE "policies" (
    "id" UUID NOT NULL,
    "models" TEXT COLLATE "C" NOT NULL,
    "tag" TEXT COLLATE "C" NOT NULL,
    "version" INTEGER NOT NULL,
    "rules" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "policies_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "policies_version_key" ON "policies"("models", "tag", "version");
CREATE UNIQUE INDEX "policies_present_key" ON "policies"("models", "tag") WHERE (ended_at IS NULL);

CREATE TABLE "checks" (
    "id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "summary" TEXT NOT NULL,
    "url" TEXT,
    "data" JSONB NOT NULL,
    "ordinal" BIGSERIAL NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,

    CONSTRAINT "checks_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "checks_version_fkey" FOREIGN KEY ("version_id") REFERENCES "versions"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "checks_status_check" CHECK ("status" IN ('passed', 'failed'))
);
CREATE INDEX "checks_version_idx" ON "checks"("version_id", "name", "ordinal" DESC);

CREATE TABLE "promotions" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "tag" TEXT NOT NULL,
    "version_id" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "image_digest" TEXT NOT NULL,
    "from_version" TEXT,
    "from_revision" INTEGER NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',
    "status" TEXT NOT NULL,
    "verdicts" JSONB NOT NULL,
    "breaks_signature" BOOLEAN NOT NULL DEFAULT false,
    "forced" BOOLEAN NOT NULL DEFAULT false,
    "not_before" TIMESTAMPTZ(3),
    "waits_until" TIMESTAMPTZ(3),
    "revision" INTEGER,
    "explanation" TEXT,
    "ended_by" TEXT,
    "requested_at" TIMESTAMPTZ(3) NOT NULL,
    "requested_by" TEXT NOT NULL,
    "request_id" TEXT,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "promotions_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "promotions_model_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "promotions_version_fkey" FOREIGN KEY ("version_id") REFERENCES "versions"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "promotions_status_check" CHECK ("status" IN ('waiting', 'moved', 'refused', 'cancelled', 'failed')),
    CONSTRAINT "promotions_moved_check" CHECK (("status" = 'moved') = ("revision" IS NOT NULL)),
    CONSTRAINT "promotions_ended_check" CHECK (("status" = 'waiting') = ("ended_at" IS NULL))
);
CREATE UNIQUE INDEX "promotions_waiting_key" ON "promotions"("model_id", "tag") WHERE (status = 'waiting');
CREATE INDEX "promotions_tag_idx" ON "promotions"("model_id", "tag", "id" DESC);
CREATE INDEX "promotions_waiting_version_idx" ON "promotions"("version_id") WHERE (status = 'waiting');

CREATE TABLE "approvals" (
    "promotion_id" UUID NOT NULL,
    "approver" TEXT NOT NULL,
    "decision" TEXT NOT NULL,
    "roles" TEXT[] NOT NULL,
    "image_digest" TEXT NOT NULL,
    "policies" UUID[] NOT NULL,
    "comment" TEXT NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "approvals_pkey" PRIMARY KEY ("promotion_id", "approver"),
    CONSTRAINT "approvals_promotion_fkey" FOREIGN KEY ("promotion_id") REFERENCES "promotions"("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "approvals_decision_check" CHECK ("decision" IN ('approved', 'rejected'))
);

-- A move knows the promotion that it came by.
ALTER TABLE "tag_moves" ADD COLUMN "promotion_id" UUID;
ALTER TABLE "tag_moves" ADD CONSTRAINT "tag_moves_promotion_fkey" FOREIGN KEY ("promotion_id") REFERENCES "promotions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
