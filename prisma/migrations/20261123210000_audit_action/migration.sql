-- Actions are found by their beginnings.
ALTER TABLE "audit" ALTER COLUMN "action" TYPE TEXT COLLATE "C";

-- CreateIndex
CREATE INDEX "audit_action_idx" ON "audit"("action", "id");

-- What is known of layers is kept for each model by itself from now on, and found again by reading the files.
DELETE FROM "file_layers";
