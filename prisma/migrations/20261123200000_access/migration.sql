-- AlterTable
ALTER TABLE "audit" ADD COLUMN "model" TEXT COLLATE "C",
ADD COLUMN "address" TEXT,
ADD COLUMN "token_id" UUID;

-- All that was audited so far was done to a model: `churn`, `churn:1.2.0`, `churn:1.2.0/path`, `churn:prod`.
UPDATE "audit" SET "model" = split_part("object", ':', 1);

-- CreateIndex
CREATE INDEX "audit_model_idx" ON "audit"("model", "id");

-- CreateIndex
CREATE INDEX "audit_actor_idx" ON "audit"("actor", "id");

-- CreateTable
CREATE TABLE "identities" (
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "kind" TEXT NOT NULL,
    "title" TEXT NOT NULL DEFAULT '',
    "grants" JSONB NOT NULL DEFAULT '[]',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "disabled_at" TIMESTAMPTZ(3),
    "revision" BIGINT NOT NULL,

    CONSTRAINT "identities_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tokens" (
    "id" UUID NOT NULL,
    "identity_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "grants" JSONB,
    "networks" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "revision" BIGINT NOT NULL,

    CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "access_revision" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "revision" BIGINT NOT NULL,

    CONSTRAINT "access_revision_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "access_revision_one_row" CHECK ("id" = 1)
);

INSERT INTO "access_revision" ("revision") VALUES (0);

-- CreateTable
CREATE TABLE "setup_codes" (
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "setup_codes_pkey" PRIMARY KEY ("hash")
);

-- CreateTable
CREATE TABLE "secrets" (
    "subject" TEXT COLLATE "C" NOT NULL,
    "key_id" TEXT NOT NULL,
    "wrapped_key" BYTEA NOT NULL,
    "sealed" BYTEA NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "secrets_pkey" PRIMARY KEY ("subject")
);

-- CreateTable
CREATE TABLE "quotas" (
    "pattern" TEXT COLLATE "C" NOT NULL,
    "models" INTEGER,
    "versions" INTEGER,
    "size_bytes" BIGINT,
    "builds_at_once" INTEGER,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_by" TEXT NOT NULL,

    CONSTRAINT "quotas_pkey" PRIMARY KEY ("pattern")
);

-- CreateIndex
CREATE UNIQUE INDEX "identities_name_key" ON "identities"("name");

-- CreateIndex
CREATE INDEX "identities_revision_idx" ON "identities"("revision");

-- CreateIndex
CREATE UNIQUE INDEX "tokens_hash_key" ON "tokens"("hash");

-- CreateIndex
CREATE INDEX "tokens_identity_idx" ON "tokens"("identity_id");

-- CreateIndex
CREATE INDEX "tokens_revision_idx" ON "tokens"("revision");

-- CreateIndex
CREATE INDEX "secrets_key_idx" ON "secrets"("key_id");

-- AddForeignKey
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_identity_fkey" FOREIGN KEY ("identity_id") REFERENCES "identities"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
