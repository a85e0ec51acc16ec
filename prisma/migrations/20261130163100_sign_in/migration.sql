ALTER TABLE "identities" ADD COLUMN "sign_in_issuer" TEXT;
ALTER TABLE "identities" ADD COLUMN "sign_in_subject" TEXT;
ALTER TABLE "identities" ADD COLUMN "group_grants" JSONB NOT NULL DEFAULT '[]';
ALTER TABLE "identities" ADD COLUMN "signed_in_at" TIMESTAMPTZ(3);
CREATE UNIQUE INDEX "identities_sign_in_key" ON "identities"("sign_in_issuer", "sign_in_subject");

ALTER TABLE "tokens" ADD COLUMN "group_grants" JSONB;

CREATE TABLE "terminals" (
    "device_hash" TEXT NOT NULL,
    "user_code" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "identity_id" UUID,
    "refused_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "terminals_pkey" PRIMARY KEY ("device_hash"),
    CONSTRAINT "terminals_identity_fkey" FOREIGN KEY ("identity_id") REFERENCES "identities"("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "terminals_user_code_key" ON "terminals"("user_code");
CREATE INDEX "terminals_expires_idx" ON "terminals"("expires_at");

CREATE TABLE "sign_ins" (
    "browser_hash" TEXT NOT NULL,
    "user_code" TEXT,
    "used_at" TIMESTAMPTZ(3),
    "identity_id" UUID,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sign_ins_pkey" PRIMARY KEY ("browser_hash"),
    CONSTRAINT "sign_ins_identity_fkey" FOREIGN KEY ("identity_id") REFERENCES "identities"("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE INDEX "sign_ins_expires_idx" ON "sign_ins"("expires_at");
