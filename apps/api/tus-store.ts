import type { Readable } from "node:stream";
import { DataStore, Upload as TusUpload } from "@tus/server";
import { parseDigest } from "#core/artifacts/digest.ts";
import { SlipwayError } from "#core/errors.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { abandonUpload } from "#core/uploads/abandon-upload.ts";
import { appendUpload, type Checksum, resumeUpload } from "#core/uploads/append-upload.ts";
import type { RunningUploads } from "#core/uploads/running-uploads.ts";
import { startUpload } from "#core/uploads/start-upload.ts";
import { readUpload, type Upload } from "#core/uploads/upload.ts";
import { httpError } from "./http-error.ts";
import type { Upload as RequestBody } from "./request-body.ts";

/** What one request is about. */
export interface TusRequest {
  registry: Registry & { running: RunningUploads };
  model: string;
  version: string;
  actor: Actor;
  body: RequestBody;
  checksum: Checksum | null;
  /** Whether it asks where an upload stands. */
  isResuming: boolean;
}

/** The uploads of one version as @tus/server asks for them, for one request. It reads the protocol's headers and writes
 *  its answers; the bytes go past it, straight to `appendUpload`. */
export class TusStore extends DataStore {
  readonly #request: TusRequest;

  constructor(request: TusRequest) {
    super();
    this.#request = request;
    this.extensions = ["creation", "creation-with-upload", "expiration", "termination", "checksum"];
  }

  override async create(upload: TusUpload): Promise<TusUpload> {
    const { registry, model, version, actor, body } = this.#request;
    const { path, filename, digest } = upload.metadata ?? {};
    const named = path ?? filename;
    if (named === undefined || named === null)
      throw new SlipwayError(
        "invalid_request",
        "Upload-Metadata names no path: send `path <base64 of the file's path>`",
      );
    const started = await startUpload(
      registry,
      {
        kind: "resumable",
        model,
        version,
        path: parseFilePath(named),
        sizeBytes: upload.size ?? 0,
        digest: digest === undefined || digest === null ? null : parseDigest(digest),
      },
      actor,
    );
    upload.id = started.id;
    upload.creation_date = this.#begunAt(started);
    if (started.sizeBytes === 0)
      await appendUpload(registry, this.#name(started.id), { ...body, offset: 0, checksum: null }, actor);
    return upload;
  }

  override async getUpload(id: string): Promise<TusUpload> {
    const { registry, actor, body, isResuming } = this.#request;
    const name = this.#name(id);
    const upload = isResuming
      ? await resumeUpload(registry, name, body.afterwards, actor)
      : await readUpload(registry, name);
    const { status, error, sizeBytes, receivedBytes, path, digest } = upload;
    if (status === "failed" || status === "cancelled")
      throw httpError(410, `this upload is over (${error?.message ?? "cancelled, or expired"}): start another`);
    return new TusUpload({
      id,
      size: sizeBytes,
      offset: status === "open" ? receivedBytes : sizeBytes,
      metadata: { path, ...(digest === null ? {} : { digest }) },
      creation_date: this.#begunAt(upload),
    });
  }

  /** Its stream is empty: the body comes as the request's own. */
  override async write(_stream: Readable, id: string, offset: number): Promise<number> {
    const { registry, actor, body, checksum } = this.#request;
    const upload = await appendUpload(registry, this.#name(id), { ...body, offset, checksum }, actor);
    return upload.status === "open" ? upload.receivedBytes : upload.sizeBytes;
  }

  override async remove(id: string): Promise<void> {
    await abandonUpload(this.#request.registry, this.#name(id));
  }

  override getExpiration(): number {
    return this.#request.registry.config.uploads.lifetimeMs;
  }

  #name(id: string): { model: string; version: string; id: string } {
    const { model, version } = this.#request;
    return { model, version, id };
  }

  /** From which @tus/server counts when it expires. */
  #begunAt({ expiresAt }: Upload): string {
    return new Date(expiresAt.getTime() - this.getExpiration()).toISOString();
  }
}
