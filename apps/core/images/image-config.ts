import canonicalize from "canonicalize";
import { digestOf } from "#core/artifacts/digest.ts";
import { serving, servingEnvironment } from "#core/packaging/serving.ts";
import type { Base } from "./bases/base-source.ts";
import type { BuildRequest, Layer, LayerKind } from "./image-builder.ts";
import { type ImageConfig, type Manifest, mediaTypes } from "./oci.ts";

/** The image's own time: nothing in it depends on when it was made. */
const created = "1970-01-01T00:00:00Z";
const secondsInNanoseconds = 1_000_000_000;

const comments: Record<LayerKind, string> = {
  base: "base",
  dependencies: "Python dependencies",
  runtime: "Slipway runtime",
  model: "model files",
};

/** The image's configuration and manifest: a function of base, layers and sealed package. */
export function describeImage(
  request: BuildRequest,
  base: Base,
  layers: readonly Layer[],
): { config: Buffer; manifest: Buffer } {
  const config = canonicalBytes(imageConfig(request, base, layers));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length },
    layers: layers.map(({ mediaType, digest, sizeBytes }) => ({ mediaType, digest, size: sizeBytes })),
  };
  return { config, manifest: canonicalBytes(manifest) };
}

function imageConfig(request: BuildRequest, base: Base, layers: readonly Layer[]): ImageConfig {
  const { health } = serving;
  return {
    created,
    architecture: base.architecture,
    os: "linux",
    config: {
      User: serving.user,
      WorkingDir: serving.modelFolder,
      Cmd: [...serving.command],
      Env: Object.entries(servingEnvironment(base.environment, request.spec)).map(
        ([name, value]) => `${name}=${value}`,
      ),
      ExposedPorts: { [`${serving.port}/tcp`]: {} },
      StopSignal: "SIGTERM",
      Healthcheck: {
        Test: ["CMD", ...health.test],
        Interval: health.intervalSeconds * secondsInNanoseconds,
        Timeout: health.timeoutSeconds * secondsInNanoseconds,
        StartPeriod: health.startPeriodSeconds * secondsInNanoseconds,
        // Until it is healthy it is asked each second; engines before 25 pass this over.
        StartInterval: secondsInNanoseconds,
        Retries: health.retries,
      },
      Labels: labelsOf(request, base),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ kind }) => ({ created, created_by: "slipway", comment: comments[kind] })),
  };
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md, as labels */
function labelsOf(request: BuildRequest, base: Base): Record<string, string> {
  const text = (value: unknown): value is string => typeof value === "string" && value !== "";
  const optional = {
    "org.opencontainers.image.revision": request.metadata["revision"] ?? request.metadata["commit"],
    "org.opencontainers.image.source": request.metadata["source"],
  };
  return {
    "org.opencontainers.image.title": request.madeAs ?? request.model,
    "org.opencontainers.image.version": request.version,
    "org.opencontainers.image.base.name": base.source,
    "org.opencontainers.image.base.digest": base.digest,
    "dev.slipway.content-digest": request.contentDigest,
    ...Object.fromEntries(Object.entries(optional).filter((entry): entry is [string, string] => text(entry[1]))),
  };
}

/** RFC 8785: one spelling for the same content. */
function canonicalBytes(document: object): Buffer {
  return Buffer.from(canonicalize(document) ?? "");
}
