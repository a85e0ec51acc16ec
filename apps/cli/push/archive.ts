import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { digestOf } from "#core/artifacts/digest.ts";
import { Failure } from "../failure.ts";
import { at, type Service } from "../service/connect.ts";
import { contentDigest } from "./folder.ts";
import { archiveKeyFor, documentFor, type Release } from "./release.ts";

/** So much is sent whole, known or not, and again where it was cut off (decision 0081). */
const archiveBytes = 8 * 1024 * 1024;
/** What is told of the version stands in the URL, which has room for 16 KiB with all headers. */
const queryBytes = 4_000;

export function fitsArchive(release: Release): boolean {
  if (release.image !== undefined) return false;
  const sizeBytes = release.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return sizeBytes <= archiveBytes && queryFor(release, "0".repeat(128)).length <= queryBytes;
}

/** A small package in one request, sealed; of one that is refused nothing stays. The same files make the same bytes, so
 *  that the request may come again under its key. */
export async function sendArchive(service: Service, release: Release, number: string): Promise<Response> {
  const archive = await tarOf(release);
  const headers = {
    "content-type": "application/x-tar",
    "content-length": String(archive.length),
    "content-digest": contentDigest(digestOf(archive)),
    "idempotency-key": archiveKeyFor(release, number),
  };
  const path = `${at("models", release.model, "versions")}?${queryFor(release, number)}`;
  return service.send("POST", path, headers, archive);
}

function queryFor(release: Release, number: string): string {
  const { description, labels = {}, metadata } = documentFor(release, number);
  return new URLSearchParams([
    ["version", number],
    ...(description === undefined ? [] : [["description", description]]),
    ...Object.entries(labels)
      .map(([key, value]) => ["label", `${key}=${value}`])
      .sort(),
    ...(metadata === undefined ? [] : [["metadata", JSON.stringify(metadata)]]),
  ] as [string, string][]).toString();
}

async function tarOf({ files }: Release): Promise<Buffer> {
  const tar = pack();
  const written = buffer(tar);
  for (const file of files) {
    const content = await readFile(file.place);
    if (digestOf(content) !== file.digest)
      throw new Failure("failed", `${file.path} was changed while it was pushed: push again when it stays`);
    tar.entry({ name: file.path, size: content.length, mtime: new Date(0) }, content);
  }
  tar.finalize();
  return written;
}
