import { isS3Error, type S3 } from "./s3-client.ts";

const conditional = { IfNoneMatch: "*" };

/** Writes where nothing is yet (`PreconditionFailed` where something is). A server that knows no conditional writes is
 *  written to without: keys are made by chance and never used again. */
export async function onlyIfNew<T>(s3: S3, write: (condition: { IfNoneMatch?: string }) => Promise<T>): Promise<T> {
  if (!s3.writes.conditional) return write({});
  try {
    return await write(conditional);
  } catch (error) {
    if (!isS3Error(error, "NotImplemented")) throw error;
    s3.writes.conditional = false;
    return write({});
  }
}
