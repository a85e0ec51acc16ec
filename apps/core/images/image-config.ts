import canonicalize from "canonicalize";
import { digestOf } from "#core/artifacts/digest.ts";
import type { Base } from "./bases/base-source.ts";
import type { BuildRequest, Layer, LayerKind } from "./image-builder.ts";
import { type ImageConfig, type Manifest, mediaTypes } from "./oci.ts";

/** The image's own time: nothing in it depends on when it was made. */
const created = "1970-01-01T00:00:00Z";
const secondsInNanoseconds = 1_000_000_000;
const port = 8000;

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
  return {
    created,
    architecture: base.architecture,
    os: "linux",
    config: {
      User: "65532:65532",
      WorkingDir: "/opt/model",
      Cmd: ["slipway-runtime", "serve"],
      Env: Object.entries(environmentOf(request, base)).map(([name, value]) => `${name}=${value}`),
      ExposedPorts: { [`${port}/tcp`]: {} },
      StopSignal: "SIGTERM",
      Healthcheck: {
        Test: ["CMD", "slipway-runtime", "health"],
        Interval: 10 * secondsInNanoseconds,
        Timeout: 5 * secondsInNanoseconds,
        StartPeriod: 60 * secondsInNanoseconds,
        // Until it is healthy it is asked each second; engines before 25 pass this over.
        StartInterval: secondsInNanoseconds,
        Retries: 3,
      },
      Labels: labelsOf(request, base),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ kind }) => ({ created, created_by: "slipway", comment: comments[kind] })),
  };
}

/** The base's own, then ours, then the package's. */
function environmentOf(request: BuildRequest, base: Base): Record<string, string> {
  const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return {
    ...base.environment,
    PATH: `/opt/slipway/bin:${base.environment["PATH"] ?? defaultPath}`,
    PYTHONPATH: "/opt/slipway/runtime:/opt/slipway/dependencies",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
    // A file of the package must not shadow a module of the standard library.
    PYTHONSAFEPATH: "1",
    // onnxruntime's wheels send telemetry from 1.29 on.
    ORT_DISABLE_TELEMETRY: "1",
    MODEL_PATH: "/opt/model",
    PORT: String(port),
    ...Object.fromEntries(Object.entries(request.spec.environment).sort(([a], [b]) => (a < b ? -1 : 1))),
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
    "org.opencontainers.image.title": request.model,
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
