-- A policy may have the image of a tag copied to other registries. Whoever brings a tag ends only when nobody has asked anew.
ALTER TABLE "tag_syncs" ADD COLUMN "copy" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "tag_syncs" ADD COLUMN "requests" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "tag_syncs" ADD COLUMN "unanswered_since" TIMESTAMPTZ(3);

CREATE INDEX "tag_syncs_unanswered_idx" ON "tag_syncs"("registry", "unanswered_since") WHERE (unanswered_since IS NOT NULL);
CREATE INDEX "tag_syncs_registry_idx" ON "tag_syncs"("registry", "changed_at") WHERE (status = 'synced');
