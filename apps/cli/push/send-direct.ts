import { webcrypto } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { Failure } from "../failure.ts";
import { inParallel } from "../in-parallel.ts";
import { documentOf, type Service } from "../service/connect.ts";
import { failureOf, unreachable } from "../service/problems.ts";
import { sendRaw } from "../service/send-raw.ts";
import { hasCode } from "./begin.ts";
import type { Sending } from "./sending.ts";
import { begunBefore } from "./uploads.ts";

const partsAtOnce = 4;
const partMs = 120_000;

/** Whether a service has a store that takes parts, and whether there is a way to it from here: asked once. */
const unavailable = new WeakSet<Service>();

/** In parts to the store itself, those that it has left out. False where the service has no such store, or where there is no
 *  way to it from here: then nothing of the upload is left. */
export async function sendDirect(sending: Sending): Promise<boolean> {
  const { service, draft, file } = sending;
  if (unavailable.has(service)) return false;
  const path = { model: draft.model, version: draft.version };
  let upload = await goneOnWith(sending, path);
  try {
    upload ??= documentOf(
      await service.api.POST("/v1/models/{model}/versions/{version}/uploads", {
        params: { path },
        body: { path: file.path, sizeBytes: file.sizeBytes, digest: file.digest },
      }),
    );
  } catch (error) {
    if (!hasCode(error, "direct_unavailable")) throw error;
    unavailable.add(service);
    return false;
  }
  const { id, partCount, partSizeBytes, parts } = upload;
  const upTo = { ...path, id };
  const there = new Map((parts ?? []).map((part) => [part.number, part.sizeBytes]));
  let sentBytes = [...there.values()].reduce((sum, bytes) => sum + bytes, 0);
  sending.countTo(sentBytes);
  const numbers = Array.from({ length: partCount }, (_, index) => index + 1).filter((number) => !there.has(number));
  const handle = await open(file.place);
  try {
    await inParallel(numbers, partsAtOnce, async (number) => {
      const bytes = await readPart(handle, (number - 1) * partSizeBytes, partSizeBytes, file.sizeBytes);
      await sendPart(service, upTo, number, bytes);
      sentBytes += bytes.length;
      sending.countTo(sentBytes);
    });
  } catch (error) {
    if (!hasCode(error, "store_unreachable")) throw error;
    unavailable.add(service);
    await service.api.DELETE("/v1/models/{model}/versions/{version}/uploads/{id}", { params: { path: upTo } });
    sending.countTo(0);
    return false;
  } finally {
    await handle.close();
  }
  await service.api.POST("/v1/models/{model}/versions/{version}/uploads/{id}/complete", { params: { path: upTo } });
  return true;
}

/** With the parts that have arrived, which no list says. */
async function goneOnWith(sending: Sending, path: { model: string; version: string }) {
  const own = await begunBefore(sending, "direct");
  if (own === undefined) return null;
  return documentOf(
    await sending.service.api.GET("/v1/models/{model}/versions/{version}/uploads/{id}", {
      params: { path: { ...path, id: own.id } },
    }),
  );
}

/** Signed anew each time it is tried. What was never reached is said to be so at the second failure. */
async function sendPart(
  service: Service,
  path: { model: string; version: string; id: string },
  number: number,
  bytes: Buffer,
): Promise<void> {
  const digest = `sha256:${Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes)).toString("hex")}`;
  const patience = service.patience();
  for (let tried = 1; ; tried++) {
    const { parts } = documentOf(
      await service.api.POST("/v1/models/{model}/versions/{version}/uploads/{id}/parts", {
        params: { path },
        body: { parts: [{ number, digest }] },
      }),
    );
    const [part] = parts;
    if (part === undefined) throw new Failure("failed", `part ${number} was not signed: push again`);
    const { origin } = new URL(part.url);
    let failure: Failure;
    try {
      const headers = { ...(part.headers as Record<string, string>), "content-length": String(bytes.length) };
      const { signal } = service;
      const answer = await sendRaw(part.url, { method: "PUT", headers, body: bytes, signal, timeoutMs: partMs });
      if (answer.ok) return;
      failure = failureOf(answer.status, answer.headers, "", { url: origin, hasToken: true, before: true });
      if (answer.status < 500 && answer.status !== 408 && answer.status !== 429)
        throw new Failure("failed", `the store at ${origin} answered ${answer.status} to part ${number}: push again`);
    } catch (error) {
      service.signal.throwIfAborted();
      if (error instanceof Failure) throw error;
      failure = unreachable(origin, error);
      if (tried === 2 && number <= partsAtOnce)
        throw new Failure("unavailable", failure.message, { code: "store_unreachable", cause: error });
    }
    if (!(await patience.pause(undefined))) throw failure;
  }
}

async function readPart(handle: FileHandle, offset: number, partBytes: number, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.min(partBytes, sizeBytes - offset));
  for (let read = 0; read < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, offset + read);
    if (bytesRead === 0) throw new Failure("failed", "the file became shorter while it was pushed");
    read += bytesRead;
  }
  return bytes;
}
