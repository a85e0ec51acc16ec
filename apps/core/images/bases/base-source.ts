import type { Digest } from "#core/artifacts/digest.ts";
import type { Architecture } from "#core/packaging/platforms.ts";
import type { BuildContext } from "../image-builder.ts";
import type { StoredLayer } from "../layers/stored-layer.ts";
import type { LockedPackage } from "../lock.ts";
import type { ImageReference } from "../registry-client/reference.ts";

/** What every image stands on: an operating system's files with a Python. Its layers are kept as blobs. */
export interface Base {
  /** `debian:bookworm`, with more packages `debian:bookworm+python3-torch`, or the reference of an image without its registry host. */
  source: string;
  /** What makes two bases the same: of the layer, or of the manifest that the image was pinned by. */
  digest: Digest;
  architecture: Architecture;
  /** Where Python stands in the image, e.g. `/usr/bin/python3.11`. */
  pythonPath: string;
  /** `3.11.2` */
  pythonVersion: string;
  /** Decides which wheels fit. */
  libc: { name: "glibc" | "musl"; version: string };
  layers: StoredLayer[];
  /** Environment that the base brings, e.g. its PATH. */
  environment: Record<string, string>;
  packages: LockedPackage[];
}

/** Where a base comes from. Two sources exist: Debian packages, and an image in a registry. */
export interface BaseSource {
  /** Names the source in the table of bases: the same name, the same base, made once for this instance. */
  readonly name: string;
  /** Stores the layers as blobs and describes them. Lays the base's files out in `root`, an empty folder, with links
   *  that stay within it. Throws `platform_unavailable` where it cannot be had for its architecture. */
  make(root: string, context: BuildContext): Promise<Base>;
}

/** How a base of Debian packages calls itself. */
export function debianSource(suite: string, packages: readonly string[] = []): string {
  return [`debian:${suite}`, ...packages].join("+");
}

/** How a base that is an image calls itself: a mirror has the same one. */
export function imageSource({ repository, digest }: Pick<ImageReference, "repository" | "digest">): string {
  return `${repository}@${digest}`;
}

/** `3.11` of `3.11.2`. */
export function pythonMinorOf(base: Base): string {
  return base.pythonVersion.split(".", 2).join(".");
}
