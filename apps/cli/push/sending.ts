import { createReadStream } from "node:fs";
import { Failure } from "../failure.ts";
import type { Service } from "../service/connect.ts";
import { chunkBytes, type LocalFile } from "./folder.ts";
import type { Version } from "./release.ts";

/** A file on its way into a draft. */
export interface Sending {
  service: Service;
  draft: Version;
  file: LocalFile;
  /** Of the file's bytes; what is sent again counts once. */
  countTo(bytes: number): void;
}

/** As many as were announced and no more, also where the file has grown since. */
export function bytesFrom(file: LocalFile, offset: number, countTo: (bytes: number) => void) {
  const stream = createReadStream(file.place, { start: offset, end: file.sizeBytes - 1, highWaterMark: chunkBytes });
  let at = offset;
  countTo(at);
  stream.on("data", (chunk) => {
    at += chunk.length;
    countTo(at);
  });
  stream.once("end", () => {
    // The request would wait for the rest, and the service as well.
    if (at < file.sizeBytes) stream.destroy(new Failure("failed", `${file.path} became shorter while it was pushed`));
  });
  return stream;
}
