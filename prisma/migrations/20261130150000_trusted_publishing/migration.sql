CREATE TABLE "trusted_publishers" (
    "name" TEXT NOT NULL,
    "identity_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "issuer" TEXT NOT NULL,
    "audience" TEXT,
    "claims" JSONB NOT NULL,
    "grants" JSONB NOT NULL,
    "token_seconds" INTEGER NOT NULL,
    "disabled_at" TIMESTAMPTZ(3),
    "changed_at" TIMESTAMPTZ(3) NOT NULL,
    "changed_by" TEXT NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "trusted_publishers_pkey" PRIMARY KEY ("name"),
    CONSTRAINT "trusted_publishers_identity_fkey" FOREIGN KEY ("identity_id") REFERENCES "identities"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "trusted_publishers_identity_key" ON "trusted_publishers"("identity_id");
CREATE INDEX "trusted_publishers_issuer_idx" ON "trusted_publishers"("issuer");

CREATE TABLE "exchanged_tokens" (
    "issuer" TEXT NOT NULL,
    "jti_hash" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "exchanged_tokens_pkey" PRIMARY KEY ("issuer", "jti_hash")
);
CREATE INDEX "exchanged_tokens_expires_idx" ON "exchanged_tokens"("expires_at");

ALTER TABLE "tokens" ADD COLUMN "source" JSONB;
ALTER TABLE "versions" ADD COLUMN "source" JSONB;
ALTER TABLE "uploads" ADD COLUMN "token_id" UUID;
