import type { Readable } from "node:stream";
import type Docker from "dockerode";
import type { EngineConfig } from "#core/config.ts";
import { runnable } from "#core/packaging/platforms.ts";
import { within } from "#core/within.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import { blameForError } from "./blame.ts";
import type { CheckedDockerfile } from "./check-dockerfile.ts";
import { statusOf, wordsOf } from "./engine-answers.ts";
import { keptLabel, runLabel } from "./labels.ts";
import type { Engine } from "./open-engine.ts";
import { readRows } from "./rows.ts";

const inspectMs = 30_000;

export interface NeededImages extends Pick<CheckedDockerfile, "images" | "bases"> {
  /** By registry host. */
  credentials: Readonly<Record<string, { username: string; password: string }>>;
  limits: Pick<EngineConfig["limits"], "memoryBytes">;
}

/** Has every image that an own Dockerfile names in the engine, and refuses those that would bring what its text may not
 *  say. So it is before the build, which would run their triggers. Throws `dockerfile_refused`. */
export async function requireBases(engine: Engine, needed: NeededImages, { log, signal }: BuildContext): Promise<void> {
  for (const image of new Set(needed.images)) {
    let found = await inspect(engine, image, signal);
    if (found === null) {
      log(`engine: pulling ${image}`);
      await pull(engine, image, needed, signal);
      found = await inspect(engine, image, signal);
    }
    if (found === null) throw new Error(`the engine pulled ${image} and has no such image for linux/amd64`);
    const refuse = (reason: string): never => {
      throw new BuildFault("dockerfile_refused", `the Dockerfile's image "${image}" ${reason}`);
    };
    const { Labels: labels, OnBuild: triggers, Volumes: volumes } = found.Config;
    if (labels?.[keptLabel] !== undefined || labels?.[runLabel] !== undefined)
      refuse("is one that Slipway made for itself: take another");
    if (!needed.bases.includes(image)) continue;
    if ((triggers ?? []).length > 0) refuse("has commands of its own for a build (ONBUILD): take one without");
    if (Object.keys(volumes ?? {}).length > 0)
      refuse("declares volumes (VOLUME), whose size cannot be limited: take one without");
  }
}

/** Null where it is not there, or is for another platform: then a build that names the platform would pull as well. */
async function inspect(
  { docker }: Engine,
  image: string,
  signal: AbortSignal,
): Promise<Docker.ImageInspectInfo | null> {
  try {
    const found = await within(inspectMs, docker.getImage(image).inspect());
    signal.throwIfAborted();
    return found.Os === "linux" && found.Architecture === "amd64" ? found : null;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function pull(
  { docker }: Engine,
  image: string,
  { credentials, limits }: NeededImages,
  signal: AbortSignal,
): Promise<void> {
  // Without a tag the engine would pull all of them.
  const reference = /@|:[^/]*$/.test(image) ? image : `${image}:latest`;
  const host = hostOf(image);
  const login = credentials[host];
  try {
    const body = (await docker.createImage({
      fromImage: reference,
      platform: runnable,
      ...(login === undefined ? {} : { authconfig: { ...login, serveraddress: host } }),
      abortSignal: signal,
    })) as Readable;
    const stop = (): void => void body.destroy(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const { error } of readRows(body)) if (error !== undefined) throw new Error(error);
    } finally {
      signal.removeEventListener("abort", stop);
      body.on("error", () => {}).destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw blameForError(wordsOf(error), { lastLine: "", limits });
  }
}

function hostOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}
