import type { Database } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { imageReference, readVersion, type Version, whyImageIsAway } from "#core/models/version.ts";
import type { PackageSpec, Serve } from "../package-spec.ts";
import { serving } from "../serving.ts";
import { type Limits, limitsOf } from "./limits.ts";

/** How what answers in the image is asked. */
export interface Server {
  port: number;
  /** Answers 200 while the process is well. */
  livePath: string;
  /** Answers 200 while the model can be asked. */
  readyPath: string;
  /** An image that says where it serves need not have slipway-runtime in it. */
  hasRuntime: boolean;
}

/** How a version is run, whoever makes its image. */
export interface Running {
  model: string;
  version: string;
  contentDigest: string;
  limits: Limits;
  server: Server;
  /** How long running predictions may take after SIGTERM. */
  shutdownSeconds: number;
}

/** A version with its image, as the files that run it need it. */
export interface Deployable extends Running {
  image: {
    /** `host/repository@sha256:…` */
    reference: string;
    digest: string;
    /** `linux/amd64` */
    platforms: string[];
  };
}

/** By semver or tag. Throws `model_not_found`, `version_not_found`, `version_not_ready` where there is no image, or
 *  its registry does not have it. */
export async function readDeployable(
  { db }: { db: Database },
  { model, version }: { model: string; version: string },
): Promise<Deployable> {
  const found = await readVersion({ db }, model, version);
  const { image } = found;
  if (image === null) throw withoutImage(found);
  const away = whyImageIsAway(found);
  if (away !== null) throw new SlipwayError("version_not_ready", away);
  const kept = await db.version.findUniqueOrThrow({
    where: { id: found.id },
    select: { spec: true, image: { select: { builds: { select: { external: true } } } } },
  });
  const spec = kept.spec as unknown as PackageSpec | null;
  const external = (kept.image?.builds[0]?.external ?? null) as { serve: Serve | null } | null;
  return {
    ...runningOf(found, spec, external === null ? (spec?.serve ?? null) : external.serve),
    image: {
      reference: imageReference(image),
      digest: image.digest,
      platforms: image.platforms.map(({ platform }) => platform),
    },
  };
}

/** Of a sealed version. An image that was built elsewhere may come with no package; then nothing is declared. `serve` is
 *  null where the image serves as Slipway's own do. */
export function runningOf(found: Version, spec: PackageSpec | null, serve: Serve | null): Running {
  const environment = spec?.environment ?? {};
  return {
    model: found.model,
    version: found.version,
    contentDigest: found.contentDigest ?? "",
    limits: limitsOf(spec ?? {}, Number(found.sizeBytes)),
    server: serverOf(environment, serve),
    shutdownSeconds: numberIn(environment, "SHUTDOWN_SECONDS", { lowest: 0, highest: 3600, otherwise: 25 }),
  };
}

function serverOf(environment: PackageSpec["environment"], own: Serve | null): Server {
  if (own !== null) return { port: own.port, livePath: own.health, readyPath: own.health, hasRuntime: false };
  const port = numberIn(environment, "PORT", { lowest: 1, highest: 65_535, otherwise: serving.port });
  return { port, livePath: "/health", readyPath: "/ready", hasRuntime: true };
}

const next: Partial<Record<Version["status"], string>> = {
  draft: "it is a draft: seal it, and wait until it is ready",
  verifying: "what was uploaded into it is still read: seal it then, and wait until it is ready",
  sealed: "its build is queued or was cancelled: wait for it, or build it again",
  building: "it is being built: wait until it is ready",
  failed: "its build failed: its log says why",
};

function withoutImage({ model, version, status }: Version): SlipwayError {
  return new SlipwayError(
    "version_not_ready",
    `${model}:${version} has no image to run yet; ${next[status] ?? `it is ${status}`}`,
  );
}

/** What the package sets for the runtime (docker/runtime/src/slipway_runtime/settings.py, which would not start with
 *  another value). */
function numberIn(
  environment: PackageSpec["environment"],
  name: string,
  { lowest, highest, otherwise }: { lowest: number; highest: number; otherwise: number },
): number {
  const text = environment[name]?.trim() ?? "";
  const value = Number(text);
  return /^\d{1,5}$/.test(text) && value >= lowest && value <= highest ? value : otherwise;
}
