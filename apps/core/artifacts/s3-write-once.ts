import { setTimeout as sleep } from "node:timers/promises";
import { isS3Error, type S3 } from "./s3-client.ts";

const conditional = { IfNoneMatch: "*" };
const conflicts = 5;

/** Writes where nothing is yet (`PreconditionFailed` where something is). A server that knows no conditional writes is
 *  written to without: keys are made by chance and never used again. */
export async function onlyIfNew<T>(s3: S3, write: (condition: { IfNoneMatch?: string }) => Promise<T>): Promise<T> {
  for (let tries = 1; s3.writes.conditional; tries += 1)
    try {
      return await write(conditional);
    } catch (error) {
      if (isS3Error(error, "NotImplemented")) s3.writes.conditional = false;
      // Another write of the key is under way: that of this one's first try, whose connection broke.
      else if (isS3Error(error, "ConditionalRequestConflict") && tries < conflicts) await sleep(tries * 250);
      else throw error;
    }
  return write({});
}
