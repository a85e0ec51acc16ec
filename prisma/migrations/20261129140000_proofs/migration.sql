-- CreateTable
CREATE TABLE "proofs" (
    "id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "image_id" UUID NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "checked" TEXT NOT NULL,
    "reason" TEXT,
    "cold_start_ms" INTEGER,
    "latency_p50_ms" DOUBLE PRECISION,
    "latency_p99_ms" DOUBLE PRECISION,
    "memory_bytes" BIGINT,
    "log" TEXT,
    "fetched" BOOLEAN NOT NULL DEFAULT false,
    "tried_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "proofs_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "proofs_image_idx" ON "proofs"("image_id", "created_at");

-- CreateIndex
CREATE INDEX "proofs_version_idx" ON "proofs"("version_id");

-- AddForeignKey
ALTER TABLE "proofs" ADD CONSTRAINT "proofs_version_fkey" FOREIGN KEY ("version_id") REFERENCES "versions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "proofs" ADD CONSTRAINT "proofs_image_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
