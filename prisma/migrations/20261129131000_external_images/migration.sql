-- What was registered of an image that was built elsewhere.
ALTER TABLE "builds" ADD COLUMN "external" JSONB;
