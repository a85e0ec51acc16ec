import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import {
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
  type ServiceInputTypes,
  type ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { S3Config } from "#core/config.ts";
import { isSlipwayError, type SlipwayError } from "#core/errors.ts";
import type { BlobKey } from "./blob-store.ts";
import { noSpaceLeft, storeAway } from "./store-faults.ts";

/** A server that is there takes a connection within this. */
const connectLimitMs = 2_000;
/** A connection that carries nothing for so long is given up, and the request is made again. */
const silenceLimitMs = 10_000;
/** Making one object of its parts may take a server long, and it need not say anything meanwhile: all tries together. */
const patienceMs = 60_000;
const attempts = 3;

type Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = Parameters<
  typeof S3Client.prototype.send<I, O>
>[0];

export interface SendOptions {
  signal?: AbortSignal | undefined;
  /** The answer may take long. */
  patient?: boolean;
}

/** A bucket, spoken to within limits of time and tries. */
export interface S3 {
  readonly config: S3Config;
  readonly bucket: string;
  /** Adds no checksum of its own: presigned, it would be that of no bytes. */
  readonly presigner: S3Client;
  /** Until the server says that it knows no `If-None-Match`. */
  readonly writes: { conditional: boolean };
  keyOf(key: BlobKey): string;
  /** What the server's clock has over this machine's, by its last answer; requests are signed by the server's time. */
  clockOffsetMs(): number;
  /** Throws `unavailable` or `store_full`, with the server's error as its cause: see `isS3Error`. */
  send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
    command: Command<I, O>,
    options?: SendOptions,
  ): Promise<O>;
  close(): void;
}

const blobsFolder = "blobs/";

export function openS3(config: S3Config, limits = { patienceMs }): S3 {
  // As many as there are callers: fifty slow readers must not keep a write waiting.
  const agents = { httpAgent: new HttpAgent({ keepAlive: true }), httpsAgent: new HttpsAgent({ keepAlive: true }) };
  const clientWith = (
    socketTimeout: number,
    { checksums, endpoint }: Pick<S3Config, "checksums" | "endpoint"> = config,
    connections = agents,
  ) => {
    const made = new S3Client({
      ...endpointOf({ ...config, endpoint }),
      forcePathStyle: config.pathStyle,
      maxAttempts: attempts,
      requestChecksumCalculation: checksums === "supported" ? "WHEN_SUPPORTED" : "WHEN_REQUIRED",
      // Blobs are known by the SHA-256 of all their bytes.
      responseChecksumValidation: "WHEN_REQUIRED",
      // It would cost a connection for each part.
      expectContinueHeader: false,
      requestHandler: new NodeHttpHandler({ ...connections, connectionTimeout: connectLimitMs, socketTimeout }),
    });
    // Where one connection fails the idle ones are likely to be dead, too: the next try is on a new one.
    made.middlewareStack.add(
      (next) => async (request) => {
        try {
          return await next(request);
        } catch (error) {
          if (!(error instanceof S3ServiceException)) for (const agent of Object.values(agents)) closeIdle(agent);
          throw error;
        }
      },
      { step: "finalizeRequest", priority: "low", name: "closeIdleConnections" },
    );
    return made;
  };
  const client = clientWith(silenceLimitMs);
  // On a connection of its own: one that died while it was idle would be waited for as long as for the server.
  const fresh = { httpAgent: new HttpAgent({ keepAlive: false }), httpsAgent: new HttpsAgent({ keepAlive: false }) };
  const patientClient = clientWith(limits.patienceMs, config, fresh);
  const presigner = clientWith(silenceLimitMs, {
    checksums: "required",
    endpoint: config.publicEndpoint ?? config.endpoint,
  });
  return {
    config,
    bucket: config.bucket,
    presigner,
    writes: { conditional: true },
    keyOf: (key) => `${config.prefix}${blobsFolder}${key}`,
    clockOffsetMs: () => client.config.systemClockOffset,
    async send(command, { signal, patient = false } = {}) {
      const ends = [
        ...(signal === undefined ? [] : [signal]),
        ...(patient ? [AbortSignal.timeout(limits.patienceMs)] : []),
      ];
      try {
        return await (patient ? patientClient : client).send(
          command,
          ends.length === 0 ? {} : { abortSignal: AbortSignal.any(ends) },
        );
      } catch (error) {
        if (signal?.aborted === true) throw error;
        throw s3Fault(error);
      }
    },
    close() {
      client.destroy();
      patientClient.destroy();
      presigner.destroy();
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

function closeIdle({ freeSockets }: HttpAgent): void {
  for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

function endpointOf({ region, endpoint }: S3Config): S3ClientConfig {
  return endpoint === null ? { region } : { region, endpoint };
}

/** What every new object is stored with. */
export function storageOf({ sse, storageClass }: S3Config) {
  return {
    ...(storageClass === null ? {} : { StorageClass: storageClass as "STANDARD" }),
    ...(sse?.mode === "s3" ? { ServerSideEncryption: "AES256" as const } : {}),
    ...(sse?.mode === "kms" ? { ServerSideEncryption: "aws:kms" as const } : {}),
    ...(sse?.mode === "kms" && sse.keyId !== null ? { SSEKMSKeyId: sse.keyId } : {}),
  };
}

/** Whether S3 answered with one of these codes, as a HEAD gives them too (it has no body: `NotFound`). */
export function isS3Error(error: unknown, ...codes: readonly string[]): boolean {
  const answer = answerIn(error);
  return answer !== null && codes.includes(answer.name);
}

/** Whether S3 answered at all. */
export function isS3Answer(error: unknown): boolean {
  return answerIn(error) !== null;
}

function answerIn(error: unknown): S3ServiceException | null {
  const cause = isSlipwayError(error) ? error.cause : error;
  return cause instanceof S3ServiceException ? cause : null;
}

export function s3Fault(cause: unknown): SlipwayError {
  const isFull =
    cause instanceof S3ServiceException &&
    (cause.$metadata.httpStatusCode === 507 || cause.name === "QuotaExceeded" || cause.name === "XMinioStorageFull");
  return isFull ? noSpaceLeft(cause) : storeAway(cause);
}
