import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  type ListPartsCommandOutput,
  type Part,
} from "@aws-sdk/client-s3";
import type { BlobKey, PartsId, StoredObject, UnfinishedParts } from "./blob-store.ts";
import type { S3 } from "./s3-client.ts";

// The SDK's paginators go on for as long as there is a marker, and some servers give one with the last page, too: here
// `IsTruncated` decides.

export async function* storedObjects(s3: S3): AsyncGenerator<StoredObject[]> {
  const prefix = s3.keyOf("" as BlobKey);
  let from: { ContinuationToken?: string | undefined } | null = {};
  while (from !== null) {
    const page: ListObjectsV2CommandOutput = await s3.send(
      new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: prefix, ...from }),
    );
    yield (page.Contents ?? []).flatMap(({ Key, Size, LastModified }) =>
      Key === undefined || Size === undefined || LastModified === undefined
        ? []
        : [{ key: Key.slice(prefix.length) as BlobKey, sizeBytes: Size, storedAt: LastModified }],
    );
    from = page.IsTruncated === true ? { ContinuationToken: page.NextContinuationToken } : null;
  }
}

export async function uploadedParts(s3: S3, key: BlobKey, id: PartsId): Promise<Part[]> {
  const parts: Part[] = [];
  let from: { PartNumberMarker?: string | undefined } | null = {};
  while (from !== null) {
    const page: ListPartsCommandOutput = await s3.send(
      new ListPartsCommand({ Bucket: s3.bucket, Key: s3.keyOf(key), UploadId: id, ...from }),
    );
    parts.push(...(page.Parts ?? []));
    from = page.IsTruncated === true ? { PartNumberMarker: page.NextPartNumberMarker } : null;
  }
  return parts;
}

export async function* unfinishedUploads(s3: S3): AsyncGenerator<UnfinishedParts[]> {
  const prefix = s3.keyOf("" as BlobKey);
  let from: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | null = {};
  while (from !== null) {
    const page: ListMultipartUploadsCommandOutput = await s3.send(
      new ListMultipartUploadsCommand({ Bucket: s3.bucket, Prefix: prefix, ...from }),
    );
    yield (page.Uploads ?? []).flatMap(({ Key, UploadId, Initiated }) =>
      Key === undefined || UploadId === undefined || Initiated === undefined
        ? []
        : [{ key: Key.slice(prefix.length) as BlobKey, id: UploadId as PartsId, begunAt: Initiated }],
    );
    from =
      page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : null;
  }
}
