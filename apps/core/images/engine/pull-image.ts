import type { Readable } from "node:stream";
import { within } from "#core/within.ts";
import type { Credentials } from "../registry-client/credential-source.ts";
import { statusOf, wordsOf } from "./engine-answers.ts";
import type { Engine } from "./open-engine.ts";
import { throughRows } from "./rows.ts";

export interface PullRequest {
  /** `host/repository@sha256:…` */
  reference: string;
  /** Null where anybody may pull. */
  credentials: Credentials | null;
}

const inspectMs = 30_000;

/** Has the engine fetch an image. Throws what went wrong. */
export async function pullImage(
  engine: Engine,
  { reference, credentials }: PullRequest,
  signal: AbortSignal,
): Promise<void> {
  try {
    const rows = await engine.docker.createImage({
      fromImage: reference,
      ...(credentials === null ? {} : { authconfig: { ...credentials, serveraddress: hostOf(reference) } }),
      abortSignal: signal,
    });
    await throughRows(rows as Readable, signal);
  } catch (error) {
    throw new Error(`${reference} could not be pulled: ${wordsOf(error)}`, { cause: error });
  }
  // An answer that ended early holds no error: only the image itself says that it is there.
  if (!(await hasImage(engine, reference)))
    throw new Error(`${reference} could not be pulled: the engine stopped before it was there`);
}

/** What is used by another container, or is gone, is left as it is. */
export async function removeImage(engine: Engine, reference: string, signal: AbortSignal): Promise<void> {
  try {
    await engine.docker.getImage(reference).remove({ abortSignal: signal });
  } catch (error) {
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
  }
}

export async function hasImage(engine: Engine, reference: string): Promise<boolean> {
  try {
    await within(inspectMs, engine.docker.getImage(reference).inspect());
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

function hostOf(reference: string): string {
  return reference.slice(0, reference.indexOf("/"));
}
