import type { Figure } from "./figure.ts";
import { imagesEngine } from "./figures/images-engine.ts";
import { imagesKnown } from "./figures/images-known.ts";
import { imagesLayers } from "./figures/images-layers.ts";
import { imagesMemory } from "./figures/images-memory.ts";
import { imagesNew } from "./figures/images-new.ts";

/** What it costs to bring a model into a registry as an image. */
export const images: readonly Figure[] = [imagesNew, imagesKnown, imagesLayers, imagesMemory, imagesEngine];
