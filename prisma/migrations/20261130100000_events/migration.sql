-- CreateTable
CREATE TABLE "events" (
    "id" UUID NOT NULL,
    "ordinal" BIGSERIAL NOT NULL,
    "sequence" BIGINT,
    "kind" TEXT COLLATE "C" NOT NULL,
    "model" TEXT COLLATE "C",
    "model_id" UUID,
    "subject" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "request_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "events_sequence_key" ON "events"("sequence");

-- CreateIndex
CREATE INDEX "events_unnumbered_idx" ON "events"("ordinal") WHERE (sequence IS NULL);
