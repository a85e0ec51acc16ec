import type { Figure } from "./figure.ts";
import { createVersions } from "./figures/create-versions.ts";
import { largeFile } from "./figures/large-file.ts";
import { memory } from "./figures/memory.ts";
import { readVersion } from "./figures/read-version.ts";
import { smallModelKnown } from "./figures/small-model-known.ts";
import { smallModelNew } from "./figures/small-model-new.ts";
import { start } from "./figures/start.ts";
import { upload } from "./figures/upload.ts";

/** What the main job costs: a version from its upload to its image, and what is asked of it on the way. */
export const main: readonly Figure[] = [
  smallModelKnown,
  smallModelNew,
  largeFile,
  upload,
  readVersion,
  createVersions,
  memory,
  start,
];
