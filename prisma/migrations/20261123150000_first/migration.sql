-- CreateTable
CREATE TABLE "models" (
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "repository" TEXT NOT NULL,
    "title" TEXT NOT NULL DEFAULT '',
    "description" TEXT NOT NULL DEFAULT '',
    "labels" JSONB NOT NULL DEFAULT '{}',
    "next_number" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_names" (
    "name" TEXT COLLATE "C" NOT NULL,
    "uses" INTEGER NOT NULL,

    CONSTRAINT "model_names_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "versions" (
    "id" UUID NOT NULL,
    "model_id" UUID NOT NULL,
    "semver" TEXT NOT NULL,
    "semver_key" TEXT COLLATE "C" NOT NULL,
    "number" INTEGER NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "labels" JSONB NOT NULL DEFAULT '{}',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "content_digest" TEXT,
    "size_bytes" BIGINT NOT NULL DEFAULT 0,
    "file_count" INTEGER NOT NULL DEFAULT 0,
    "spec" JSONB,
    "format" TEXT,
    "sealed_at" TIMESTAMPTZ(3),
    "archived_at" TIMESTAMPTZ(3),
    "image_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "versions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "blobs" (
    "digest" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blobs_pkey" PRIMARY KEY ("digest")
);

-- CreateTable
CREATE TABLE "version_files" (
    "version_id" UUID NOT NULL,
    "path" TEXT COLLATE "C" NOT NULL,
    "folded_path" TEXT COLLATE "C" NOT NULL,
    "blob_digest" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "version_files_pkey" PRIMARY KEY ("version_id","path")
);

-- CreateTable
CREATE TABLE "work" (
    "id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "subject_id" UUID NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "lost_leases" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "worker" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "work_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "builds" (
    "id" UUID NOT NULL,
    "version_id" UUID NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'queued',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "builder_name" TEXT NOT NULL,
    "builder_why" TEXT NOT NULL,
    "given_lock" JSONB,
    "lock" JSONB,
    "waiting_for" TEXT,
    "waiting_until" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_message" TEXT,
    "image_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "builds_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "build_lines" (
    "build_id" UUID NOT NULL,
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "build_lines_pkey" PRIMARY KEY ("build_id","seq")
);

-- CreateTable
CREATE TABLE "images" (
    "id" UUID NOT NULL,
    "repository" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "platforms" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "images_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "runtimes" (
    "key" TEXT NOT NULL,
    "lock" JSONB NOT NULL,
    "layers" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "runtimes_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "file_layers" (
    "path" TEXT COLLATE "C" NOT NULL,
    "blob_digest" TEXT NOT NULL,
    "layer_digest" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,

    CONSTRAINT "file_layers_pkey" PRIMARY KEY ("path","blob_digest")
);

-- CreateTable
CREATE TABLE "tags" (
    "model_id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,
    "version_id" UUID,
    "image_digest" TEXT,
    "revision" INTEGER NOT NULL,
    "moved_at" TIMESTAMPTZ(3) NOT NULL,
    "moved_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "tags_pkey" PRIMARY KEY ("model_id","name")
);

-- CreateTable
CREATE TABLE "tag_moves" (
    "model_id" UUID NOT NULL,
    "tag" TEXT COLLATE "C" NOT NULL,
    "revision" INTEGER NOT NULL,
    "from_version" TEXT,
    "to_version" TEXT,
    "image_digest" TEXT,
    "moved_at" TIMESTAMPTZ(3) NOT NULL,
    "moved_by" TEXT NOT NULL,
    "reason" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "tag_moves_pkey" PRIMARY KEY ("model_id","tag","revision")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "object" TEXT NOT NULL,
    "object_id" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "request_id" TEXT,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "models_repository_key" ON "models"("repository");

-- CreateIndex
CREATE INDEX "models_labels_idx" ON "models" USING GIN ("labels" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "models_living_name_key" ON "models"("name") WHERE (deleted_at IS NULL);

-- CreateIndex
CREATE UNIQUE INDEX "versions_image_key" ON "versions"("image_id");

-- CreateIndex
CREATE UNIQUE INDEX "versions_model_semver_key" ON "versions"("model_id", "semver_key");

-- CreateIndex
CREATE UNIQUE INDEX "versions_model_number_key" ON "versions"("model_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "blobs_key_key" ON "blobs"("key");

-- CreateIndex
CREATE INDEX "version_files_blob_idx" ON "version_files"("blob_digest");

-- CreateIndex
CREATE UNIQUE INDEX "version_files_folded_key" ON "version_files"("version_id", "folded_path");

-- CreateIndex
CREATE INDEX "work_open_idx" ON "work"("run_after") WHERE (state <> 'done');

-- CreateIndex
CREATE UNIQUE INDEX "work_kind_subject_key" ON "work"("kind", "subject_id");

-- CreateIndex
CREATE INDEX "builds_version_idx" ON "builds"("version_id", "created_at");

-- CreateIndex
CREATE INDEX "images_digest_idx" ON "images"("repository", "digest");

-- CreateIndex
CREATE INDEX "tags_version_idx" ON "tags"("version_id");

-- CreateIndex
CREATE INDEX "audit_object_idx" ON "audit"("object_id", "at");

-- AddForeignKey
ALTER TABLE "versions" ADD CONSTRAINT "versions_model_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "versions" ADD CONSTRAINT "versions_image_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "version_files" ADD CONSTRAINT "version_files_version_fkey" FOREIGN KEY ("version_id") REFERENCES "versions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "version_files" ADD CONSTRAINT "version_files_blob_fkey" FOREIGN KEY ("blob_digest") REFERENCES "blobs"("digest") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "builds" ADD CONSTRAINT "builds_version_fkey" FOREIGN KEY ("version_id") REFERENCES "versions"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "builds" ADD CONSTRAINT "builds_image_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "build_lines" ADD CONSTRAINT "build_lines_build_fkey" FOREIGN KEY ("build_id") REFERENCES "builds"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tags" ADD CONSTRAINT "tags_model_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tags" ADD CONSTRAINT "tags_version_fkey" FOREIGN KEY ("version_id") REFERENCES "versions"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tag_moves" ADD CONSTRAINT "tag_moves_model_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
