import type { Figure } from "./figure.ts";
import { artifactsCollect } from "./figures/artifacts-collect.ts";
import { artifactsDirect } from "./figures/artifacts-direct.ts";
import { artifactsDownload } from "./figures/artifacts-download.ts";
import { artifactsFolder } from "./figures/artifacts-folder.ts";
import { artifactsMemory } from "./figures/artifacts-memory.ts";
import { artifactsSmall } from "./figures/artifacts-small.ts";
import { artifactsUpload } from "./figures/artifacts-upload.ts";

/** What it costs to keep bytes: on the way in and out, in a bucket and in a folder, large and many. */
export const artifacts: readonly Figure[] = [
  artifactsUpload,
  artifactsDirect,
  artifactsDownload,
  artifactsFolder,
  artifactsSmall,
  artifactsMemory,
  artifactsCollect,
];
