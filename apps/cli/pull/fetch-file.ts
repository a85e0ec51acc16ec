import type { Hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { digestFrom, sha256 } from "#core/artifacts/digest.ts";
import { Failure } from "../failure.ts";
import type { Service } from "../service/connect.ts";
import { unreachable } from "../service/problems.ts";
import { openPart } from "./part.ts";

export interface RemoteFile {
  path: string;
  digest: string;
  sizeBytes: number;
}

/** Into a part, gone on with where it was cut off, and held against its digest. `place` is where it is read. */
export async function fetchInto(
  service: Service,
  place: string,
  file: RemoteFile,
  part: string,
  count: (bytes: number) => void,
): Promise<void> {
  const handle = await openPart(part);
  try {
    let hash = sha256();
    let have = 0;
    for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
      hash.update(chunk as Buffer);
      have += (chunk as Buffer).length;
    }
    if (have > file.sizeBytes) [have, hash] = await emptied(handle);
    count(have);
    const patience = service.patience();
    while (have < file.sizeBytes) {
      let failure: Failure;
      try {
        const answer = await service.open(place, {
          "if-range": `"${file.digest}"`,
          accept: "*/*",
          "accept-encoding": "identity",
          ...(have === 0 ? {} : { range: `bytes=${have}-` }),
        });
        if (answer.status !== 206 && have > 0) {
          count(-have);
          [have, hash] = await emptied(handle);
        }
        for await (const chunk of answer.body ?? []) {
          if (have + chunk.length > file.sizeBytes) throw tooLong(file);
          await writeAll(handle, chunk, have);
          hash.update(chunk);
          have += chunk.length;
          count(chunk.length);
          patience.reset();
        }
        failure = new Failure("unavailable", `${file.path} came in part alone: pull again`);
      } catch (error) {
        service.signal.throwIfAborted();
        if (isLocal(error)) throw new Failure("failed", `${part} cannot be written (${error.code}): is there room?`);
        if (error instanceof Failure && !service.mayPass(error)) throw error;
        failure = error instanceof Failure ? error : unreachable(service.url, error);
      }
      if (have < file.sizeBytes && !(await patience.pause(failure.about.retryAfterSeconds))) throw failure;
    }
    if (digestFrom(hash) !== file.digest) {
      await emptied(handle);
      throw new Failure(
        "failed",
        `${file.path} did not come as ${file.digest}: pull again; if it stays so, tell whoever runs the service`,
        { code: "digest_mismatch" },
      );
    }
  } finally {
    await handle.close();
  }
}

function tooLong({ path, sizeBytes }: RemoteFile): Failure {
  return new Failure(
    "failed",
    `more came of ${path} than the ${sizeBytes} bytes that it has: tell whoever runs the service`,
  );
}

/** Where it belongs, and not at the end: what somebody else may have added there is written over. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; )
    written += (await handle.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
}

async function emptied(handle: FileHandle): Promise<[number, Hash]> {
  await handle.truncate(0);
  return [0, sha256()];
}

function isLocal(error: unknown): error is NodeJS.ErrnoException {
  return ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG"].includes((error as NodeJS.ErrnoException).code ?? "");
}
