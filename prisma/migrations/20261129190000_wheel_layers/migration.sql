-- CreateTable
CREATE TABLE "wheel_layers" (
    "key" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "layer" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "wheel_layers_pkey" PRIMARY KEY ("key")
);
