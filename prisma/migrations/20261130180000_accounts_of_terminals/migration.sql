ALTER TABLE "terminals" ADD COLUMN "sign_in_issuer" TEXT;
ALTER TABLE "terminals" ADD COLUMN "sign_in_subject" TEXT;

ALTER TABLE "sign_ins" ADD COLUMN "sign_in_issuer" TEXT;
ALTER TABLE "sign_ins" ADD COLUMN "sign_in_subject" TEXT;
