import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { readVersion } from "../push/begin.ts";
import type { Version } from "../push/release.ts";
import type { Service } from "./connect.ts";

const momentMs = 500;

/** Until the proof of a ready version has ended. */
export async function waitProof(service: Service, ready: Version): Promise<Version> {
  let version = ready;
  while (version.proof?.status === "pending") {
    await sleep(momentMs, undefined, { signal: service.signal });
    version = await readVersion(service, version.model, version.version);
  }
  return version;
}

/** One that was not run is no failure (decision 0027): a policy may ask for more. */
export function requireNoFailedProof({ model, version, proof }: Version): void {
  if (proof?.status !== "failed") return;
  throw new Failure(
    "failed",
    `${model}:${version} has an image, and its proof failed: ${proof.reason ?? "see its log"}`,
  );
}
