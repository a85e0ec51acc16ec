-- A rollback that is asked for twice does not bring back what the first one took away.
ALTER TABLE "promotions" ADD COLUMN "rollback" BOOLEAN NOT NULL DEFAULT false;
