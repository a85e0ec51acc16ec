import type { StoredFile } from "#core/models/files.ts";
import { type NewFile, putFile } from "#core/models/put-file.ts";
import type { Actor } from "#core/registry.ts";
import { noteFileLayers } from "./file-layers.ts";
import { layerFrame } from "./model-layers.ts";

/** Puts a file into a draft, as `putFile` does. Of a large one the digest of its layer is taken of the same bytes in the same
 *  pass, so that its image needs no other. The file comes first: a crash in between leaves one that is read once more
 *  when its image is made. */
export async function putLayeredFile(
  needs: Parameters<typeof putFile>[0],
  input: Omit<NewFile, "frame">,
  actor: Actor,
): Promise<{ file: StoredFile; replaced: boolean }> {
  const put = await putFile(needs, { ...input, frame: layerFrame(input.path, input.announcedBytes) }, actor);
  // The size stands in the frame.
  if (put.file.sizeBytes === input.announcedBytes) await noteFileLayers(needs.db, input.model, [put.file]);
  return put;
}
