-- Since when the store is known to have lost the bytes, or to have others: who brings them again mends the blob.
ALTER TABLE "blobs" ADD COLUMN "damaged_at" TIMESTAMPTZ(3);

-- An object that another took the place of is kept for the grace time: a backup may still name it.
ALTER TABLE "doomed_objects" ADD COLUMN "after_grace" BOOLEAN NOT NULL DEFAULT false;
