-- CreateTable
CREATE TABLE "sequences" (
    "name" TEXT NOT NULL,
    "last" BIGINT NOT NULL DEFAULT 0,
    "hash" BYTEA,

    CONSTRAINT "sequences_pkey" PRIMARY KEY ("name")
);

INSERT INTO "sequences" ("name", "hash") VALUES ('events', NULL), ('audit', decode(repeat('00', 32), 'hex'));

-- AlterTable: rows that are there come first, by their ids. A constant default rewrites no row.
ALTER TABLE "audit" ADD COLUMN "ordinal" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "audit" ADD COLUMN "sequence" BIGINT;
ALTER TABLE "audit" ADD COLUMN "hash" BYTEA;

CREATE SEQUENCE "audit_ordinal_seq" OWNED BY "audit"."ordinal";
ALTER TABLE "audit" ALTER COLUMN "ordinal" SET DEFAULT nextval('audit_ordinal_seq');

-- CreateIndex
CREATE UNIQUE INDEX "audit_sequence_key" ON "audit"("sequence");

-- CreateIndex
CREATE INDEX "audit_unchained_idx" ON "audit"("ordinal", "id") WHERE (sequence IS NULL);
