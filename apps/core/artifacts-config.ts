import { resolve } from "node:path";
import type { ArtifactsConfig, S3Config } from "./config.ts";
import type { Settings } from "./settings.ts";

const gibibyte = 1024 ** 3;

/** A folder, or a bucket where one is named. */
export function artifactsConfig(read: Settings, dataDir: string): ArtifactsConfig {
  const folder = read.text("SLIPWAY_ARTIFACTS_DIR", "");
  const bucket = read.text("SLIPWAY_S3_BUCKET", "");
  if (folder !== "" && bucket !== "")
    read.problem("SLIPWAY_ARTIFACTS_DIR and SLIPWAY_S3_BUCKET are both set: artifacts are kept in one place");
  const dir = resolve(folder === "" ? `${dataDir}/artifacts` : folder);
  const leastFreeBytes = read.integer("SLIPWAY_LEAST_FREE_BYTES", gibibyte, { min: 0, max: Number.MAX_SAFE_INTEGER });
  if (bucket !== "") return { dir, s3: s3Config(read, bucket), leastFreeBytes };
  for (const name of s3Settings)
    if (read.text(name, "") !== "") read.problem(`${name} is set without SLIPWAY_S3_BUCKET: set that one, too`);
  return { dir, s3: null, leastFreeBytes };
}

const s3Settings = [
  "SLIPWAY_S3_PREFIX",
  "SLIPWAY_S3_ENDPOINT",
  "SLIPWAY_S3_PUBLIC_ENDPOINT",
  "SLIPWAY_S3_REGION",
  "SLIPWAY_S3_PATH_STYLE",
  "SLIPWAY_S3_CHECKSUMS",
  "SLIPWAY_S3_SSE",
  "SLIPWAY_S3_KMS_KEY",
  "SLIPWAY_S3_STORAGE_CLASS",
];

function s3Config(read: Settings, bucket: string): S3Config {
  // An access point is named by its ARN.
  if (!/^(?:[A-Za-z0-9][A-Za-z0-9._-]{1,62}|arn:[^\s]+)$/.test(bucket))
    read.problem(
      `SLIPWAY_S3_BUCKET is "${bucket}": give the name of a bucket alone; a folder in it goes into SLIPWAY_S3_PREFIX`,
    );
  const endpoint = s3Endpoint(read, "SLIPWAY_S3_ENDPOINT");
  const mode = read.oneOf("SLIPWAY_S3_SSE", ["none", "s3", "kms"], "none");
  const keyId = read.text("SLIPWAY_S3_KMS_KEY", "");
  if (keyId !== "" && mode !== "kms")
    read.problem("SLIPWAY_S3_KMS_KEY is set and SLIPWAY_S3_SSE is not kms: set it so");
  return {
    bucket,
    prefix: s3Prefix(read),
    endpoint,
    publicEndpoint: s3Endpoint(read, "SLIPWAY_S3_PUBLIC_ENDPOINT"),
    region: read.text("SLIPWAY_S3_REGION", read.text("AWS_REGION", "us-east-1")),
    pathStyle: read.oneOf("SLIPWAY_S3_PATH_STYLE", ["on", "off"], endpoint === null ? "off" : "on") === "on",
    checksums: read.oneOf("SLIPWAY_S3_CHECKSUMS", ["required", "supported"], "required"),
    sse: mode === "none" ? null : mode === "s3" ? { mode } : { mode, keyId: keyId === "" ? null : keyId },
    storageClass: s3StorageClass(read),
  };
}

function s3Endpoint(read: Settings, name: string): string | null {
  const text = read.text(name, "");
  if (text === "") return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  // What follows the host may be a secret, given by mistake: it is not repeated.
  if (url === null || !/^https?:$/.test(url.protocol) || `${url.origin}/` !== url.href)
    read.problem(`${name} is not a URL of scheme, host and port alone, such as https://minio.example:9000`);
  return text;
}

/** Servers that keep objects as files know no empty segment, and none that steps up. */
function s3Prefix(read: Settings): string {
  const segments = read
    .text("SLIPWAY_S3_PREFIX", "")
    .replace(/^\/|\/$/g, "")
    .split("/");
  if (segments.length === 1 && segments[0] === "") return "";
  if (!segments.every((segment) => /^(?!\.{1,2}$)[A-Za-z0-9!_.*'()=@+-]{1,255}$/.test(segment)))
    read.problem(`SLIPWAY_S3_PREFIX is "${segments.join("/")}": give words with / between, such as slipway/production`);
  return `${segments.join("/")}/`;
}

/** Objects of some classes are first restored before they can be read, which takes hours. */
function s3StorageClass(read: Settings): string | null {
  const text = read.text("SLIPWAY_S3_STORAGE_CLASS", "");
  if (!/^[A-Z0-9_-]*$/.test(text) || /^(?:GLACIER|DEEP_ARCHIVE)$/.test(text))
    read.problem(
      `SLIPWAY_S3_STORAGE_CLASS is "${text}": give one whose objects can be read at once, such as STANDARD_IA`,
    );
  return text === "" ? null : text;
}
