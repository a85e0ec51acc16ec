import type { Readable } from "node:stream";
import type { Digest } from "#core/artifacts/digest.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import type { ImageLock, Lock } from "./lock.ts";

export interface SealedFile {
  path: string;
  digest: Digest;
  sizeBytes: number;
}

/** A sealed version, as a builder sees it. */
export interface BuildRequest {
  model: string;
  /** The name that stands in the image, where the model had another when that was made. */
  madeAs?: string;
  version: string;
  contentDigest: Digest;
  spec: PackageSpec;
  metadata: Record<string, unknown>;
  files: readonly SealedFile[];
  /** A lock to build by, or null: then the runtime's own is made or taken. */
  lock: ImageLock | null;
}

export interface BuildContext {
  /** A line of the build's log. */
  log(line: string): void;
  signal: AbortSignal;
}

export type LayerKind = "base" | "runtime" | "dependencies" | "model";

/** A layer that can be read as often as needed, always the same bytes. */
export interface Layer {
  digest: Digest;
  /** Digest of the uncompressed archive (image-spec, config.md); the same as `digest` where nothing is compressed. */
  diffId: Digest;
  sizeBytes: number;
  mediaType: string;
  kind: LayerKind;
  open(): Promise<Readable>;
  /** Reads all of it where a registry found other bytes than these, and throws what is wrong with them, if it knows. */
  examine?(signal: AbortSignal): Promise<void>;
}

/** An image for one platform. */
export interface PlatformImage {
  /** `linux/amd64` */
  platform: string;
  /** The bytes that the manifest's digest is taken of. */
  manifest: Buffer;
  digest: Digest;
  config: Buffer;
  layers: readonly Layer[];
  /** Null where nobody knows what was made of what: an own Dockerfile. */
  lock: Lock | null;
}

/** The images of several platforms as one. */
export interface ImageIndex {
  bytes: Buffer;
  digest: Digest;
  images: readonly PlatformImage[];
}

/** An image that is complete but nowhere pushed. */
export interface BuiltImage extends PlatformImage {
  /** Where the package asks for several platforms: then versions and tags name this, and the image itself is the first that
   *  it lists. See image-index.ts. */
  index?: ImageIndex;
  /** Which builder made it, and why that one; where it is known. */
  builder?: ChosenBuilder;
  /** What the engine was given to build; where it built something. */
  dockerfile?: string;
  /** Removes what its layers are read from; called once, when nobody reads them any more. */
  discard?(): Promise<void>;
}

/** Stands on the build's row. */
export interface ChosenBuilder {
  name: "assembler" | "engine";
  /** One sentence without a full stop. */
  why: string;
}

export interface ImageBuilder {
  readonly name: string;
  /** Throws `BuildFault` where the package is to blame; anything else is a part's fault and is tried again. */
  build(request: BuildRequest, context: BuildContext): Promise<BuiltImage>;
}

export type BuildFaultCode =
  | "requirements_unresolvable"
  | "python_unavailable"
  | "platform_unavailable"
  | "lock_unusable"
  | "repository_taken"
  | "repository_too_long"
  | "image_not_found"
  | "image_unusable"
  | "image_changed"
  | "system_packages_unavailable"
  | "dockerfile_refused"
  | "build_step_failed"
  | "build_limit_exceeded";

/** The package's fault: building again would end the same way. The message is one readable line. */
export class BuildFault extends Error {
  readonly code: BuildFaultCode;

  constructor(code: BuildFault["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BuildFault";
    this.code = code;
  }
}
