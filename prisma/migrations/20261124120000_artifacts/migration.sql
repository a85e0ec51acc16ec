-- Uploads that take more than one request.
CREATE TABLE "uploads" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "version_id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "digest" TEXT,
    "key" TEXT NOT NULL,
    "store_id" TEXT NOT NULL,
    "part_bytes" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "received_bytes" BIGINT NOT NULL DEFAULT 0,
    "tail_key" TEXT,
    "held_by" UUID,
    "held_until" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_message" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "uploads_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "upload_parts" (
    "upload_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "etag" TEXT NOT NULL,

    CONSTRAINT "upload_parts_pkey" PRIMARY KEY ("upload_id","number")
);

CREATE UNIQUE INDEX "uploads_key_key" ON "uploads"("key");
CREATE INDEX "uploads_version_idx" ON "uploads"("version_id");
CREATE INDEX "uploads_open_idx" ON "uploads"("expires_at") WHERE (state IN ('open', 'verifying'));

ALTER TABLE "uploads" ADD CONSTRAINT "uploads_version_fkey" FOREIGN KEY ("version_id") REFERENCES "versions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
ALTER TABLE "upload_parts" ADD CONSTRAINT "upload_parts_upload_fkey" FOREIGN KEY ("upload_id") REFERENCES "uploads"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Since when nothing refers to a blob. Objects that are to be removed.
ALTER TABLE "blobs" ADD COLUMN "condemned_at" TIMESTAMPTZ(3);
CREATE INDEX "blobs_condemned_idx" ON "blobs"("condemned_at") WHERE (condemned_at IS NOT NULL);

CREATE TABLE "doomed_objects" (
    "key" TEXT NOT NULL,
    "store_id" TEXT,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "doomed_objects_pkey" PRIMARY KEY ("key")
);

ALTER TABLE "quotas" ADD COLUMN "file_bytes" BIGINT, ADD COLUMN "files_per_version" INTEGER;
