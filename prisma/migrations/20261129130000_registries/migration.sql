-- Registries by name, beside that of the settings, which is called "default".
CREATE TABLE "registries" (
    "name" TEXT COLLATE "C" NOT NULL,
    "host" TEXT NOT NULL,
    "repository" TEXT NOT NULL,
    "auth" TEXT NOT NULL,
    "username" TEXT,
    "create_repositories" BOOLEAN NOT NULL,
    "plain_http" BOOLEAN NOT NULL,
    "ca" TEXT,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_by" TEXT NOT NULL,

    CONSTRAINT "registries_pkey" PRIMARY KEY ("name")
);

CREATE TABLE "registry_models" (
    "pattern" TEXT COLLATE "C" NOT NULL,
    "registry" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "registry_models_pkey" PRIMARY KEY ("pattern")
);

CREATE INDEX "registry_models_registry_idx" ON "registry_models"("registry");

ALTER TABLE "registry_models" ADD CONSTRAINT "registry_models_registry_fkey" FOREIGN KEY ("registry") REFERENCES "registries"("name") ON DELETE CASCADE ON UPDATE CASCADE;

-- Which repository is which model's: those of the images that there are.
CREATE TABLE "image_repositories" (
    "host" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "model_id" UUID NOT NULL,

    CONSTRAINT "image_repositories_pkey" PRIMARY KEY ("host","path")
);

CREATE INDEX "image_repositories_model_idx" ON "image_repositories"("model_id");

ALTER TABLE "image_repositories" ADD CONSTRAINT "image_repositories_model_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE CASCADE ON UPDATE CASCADE;

INSERT INTO "image_repositories" ("host", "path", "model_id")
SELECT split_part(i.repository, '/', 1), substr(i.repository, strpos(i.repository, '/') + 1), v.model_id
FROM "images" i JOIN "builds" b ON b.image_id = i.id JOIN "versions" v ON v.id = b.version_id
ON CONFLICT DO NOTHING;

ALTER TABLE "images" ADD COLUMN "registry" TEXT NOT NULL DEFAULT 'default';
