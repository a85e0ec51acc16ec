-- What the engine was given to build.
ALTER TABLE "builds" ADD COLUMN "dockerfile" TEXT;

-- Packages that were sealed before could ask for none of it.
UPDATE "versions" SET "spec" = "spec" || '{"build": "assemble", "systemPackages": [], "serve": null}'::jsonb
WHERE "spec" IS NOT NULL AND NOT "spec" ? 'build';
