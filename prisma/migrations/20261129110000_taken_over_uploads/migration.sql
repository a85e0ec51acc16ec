-- Whether a writer of an upload was left behind: it may be frozen, and not dead.
ALTER TABLE "uploads" ADD COLUMN "taken_over" BOOLEAN NOT NULL DEFAULT false;
