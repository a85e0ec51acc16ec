import type { ProofRecord } from "#core/models/version.ts";
import type { Limits } from "../deployment/limits.ts";
import type { Signature } from "../package-spec.ts";
import type { FrontMatter } from "./front-matter.ts";

/** All that a model card says of a sealed version. */
export interface CardFacts {
  model: string;
  version: string;
  /** As the package's README.md has it. */
  frontMatter: FrontMatter;
  /** The Markdown below the front matter; null where the package has no card that can be read. */
  readme: string | null;
  description: string;
  /** Null where there is no package: of an image that was built elsewhere. */
  format: string | null;
  contentDigest: string;
  sizeBytes: number;
  fileCount: number;
  signature: Signature | null;
  example: unknown;
  /** What a container may take: as declared, else as the deployment files take it. */
  resources: Limits;
  image: { reference: string; platforms: { platform: string; sizeBytes: number }[] } | null;
  /** What came of trying the image; null where it was not. */
  proof: Omit<ProofRecord, "log" | "tests"> | null;
  /** What the image was made of; null where it has none, or was made elsewhere. */
  lock: {
    python: string;
    base: { source: string; digest: string };
    runtime: string;
    requirements: { name: string; version: string; sha256: string }[];
  } | null;
}
