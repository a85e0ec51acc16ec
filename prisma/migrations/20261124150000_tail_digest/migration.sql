-- What the tail of a resumable upload must hash to when it is read back.
ALTER TABLE "uploads" ADD COLUMN "tail_digest" TEXT;
