import { Failure } from "../failure.ts";
import { at } from "../service/connect.ts";
import { hasCode } from "./begin.ts";
import { bytesFrom, type Sending } from "./sending.ts";
import { begunBefore } from "./uploads.ts";

const tus = { "tus-resumable": "1.0.0" };

/** By tus 1.0, in as many requests as it takes: patience ends where none of them gets further. Goes on with what the same
 *  push has begun before. */
export async function sendResumable(sending: Sending): Promise<void> {
  const { service, file, countTo } = sending;
  const patience = service.patience();
  const own = await begunBefore(sending, "resumable");
  let upload = own === undefined ? null : `${placeOf(sending)}/${own.id}`;
  let furthest = 0;
  let isFree = upload === null;
  for (;;) {
    try {
      upload ??= await beginUpload(sending);
      const offset = await offsetOf(sending, upload);
      if (offset > furthest) {
        patience.reset();
        furthest = offset;
      }
      countTo(offset);
      if (offset < file.sizeBytes) {
        if (!isFree) await append(sending, upload, offset, 0); // a killed API holds it for 15 s more
        isFree = false;
        await append(sending, upload, offset, file.sizeBytes - offset);
      }
      return;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const isOver = upload !== null && error.ending === "notFound"; // its bytes are gone, another takes its place
      const stoodElsewhere = hasCode(error, "upload_conflict"); // an answer was lost
      if (!isOver && !stoodElsewhere && !service.mayPass(error)) throw error;
      if (!(await patience.pause(error.about.retryAfterSeconds))) throw error;
      if (isOver) upload = null;
    }
  }
}

function placeOf({ draft }: Sending): string {
  return `${at("models", draft.model, "versions", draft.version)}/resumable`;
}

async function beginUpload(sending: Sending): Promise<string> {
  const { service, file } = sending;
  const coded = Object.entries({ path: file.path, digest: file.digest })
    .map(([name, text]) => `${name} ${Buffer.from(text).toString("base64")}`)
    .join(",");
  const headers = { ...tus, "upload-length": String(file.sizeBytes), "upload-metadata": coded, "content-length": "0" };
  const answer = await service.sendOnce("POST", placeOf(sending), headers, null);
  return new URL(answer.headers.get("location") ?? "", service.url).pathname;
}

async function offsetOf({ service }: Sending, upload: string): Promise<number> {
  const answer = await service.sendOnce("HEAD", upload, tus, null);
  return Number(answer.headers.get("upload-offset"));
}

async function append({ service, file, countTo }: Sending, upload: string, offset: number, count: number) {
  const headers = {
    ...tus,
    "upload-offset": String(offset),
    "content-type": "application/offset+octet-stream",
    "content-length": String(count),
  };
  await service.sendOnce("PATCH", upload, headers, count === 0 ? null : () => bytesFrom(file, offset, countTo));
}
