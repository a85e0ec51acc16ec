-- AlterTable
ALTER TABLE "proofs" ADD COLUMN     "tests" JSONB,
ADD COLUMN     "tests_asked" BOOLEAN NOT NULL DEFAULT false;
