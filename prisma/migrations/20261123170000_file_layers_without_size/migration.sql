-- AlterTable
ALTER TABLE "file_layers" DROP COLUMN "size_bytes";
